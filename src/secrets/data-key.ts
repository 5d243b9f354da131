import type { AgeEntry } from "./sops-metadata.ts";

/**
 * Seals a data key once for each recipient, as SOPS does. The age library takes its own randomness from the system,
 * so two calls never agree. It is loaded only here, because reading secrets does not need it.
 */
export async function wrapDataKey(
  dataKey: Uint8Array,
  recipients: readonly string[],
): Promise<readonly AgeEntry[]> {
  const { armor, Encrypter } = await import("age-encryption");
  return Promise.all(
    recipients.map(async (recipient) => {
      const encrypter = new Encrypter();
      encrypter.addRecipient(recipient);
      return { recipient, enc: armor.encode(await encrypter.encrypt(dataKey)) };
    }),
  );
}
