import type { DefinitionWriter } from "../../definitions/definition-writer.ts";
import { loadKeyRing, sampleKeyFile, sampleRecipient } from "../../edges/age-keys.ts";
import { sopsConfigFile } from "../../secrets/sops-config.ts";
import type { AgeIdentity } from "../../secrets/age-identity.ts";
import type { CliContext } from "../context.ts";

const sampleKeyWarning = `warning: ${sampleKeyFile} is public: everybody can read what it protects. It is for the sample only.\n`;

/** Warns once in a run, as soon as the public sample key opens or seals anything. */
export interface SampleKeyWatch {
  /** The keys at hand. Errors: see loadKeyRing. */
  readonly loadIdentities: (root: string) => readonly AgeIdentity[];
  /** The same writer, watched. */
  readonly watchWriter: (writer: DefinitionWriter) => DefinitionWriter;
}

export function createSampleKeyWatch(context: CliContext): SampleKeyWatch {
  let isSaid = false;
  const warn = () => {
    if (!isSaid) context.stderr(sampleKeyWarning);
    isSaid = true;
  };
  return {
    loadIdentities: (root) => {
      const keys = loadKeyRing(root, context.environment);
      if (keys.holdsSampleKey) warn();
      return keys.identities;
    },
    watchWriter: (writer) => ({
      create: (files) => {
        writer.create(files);
        if ([...files.values()].some((text) => text.includes(sampleRecipient))) warn();
      },
      replace: (edits) => {
        writer.replace(edits);
        // .sops.yaml lists other workspaces' recipients as well: there only a new one counts
        const isSealing = edits.some(
          ({ path, before, after }) =>
            after.includes(sampleRecipient) && (path !== sopsConfigFile || !before.includes(sampleRecipient)),
        );
        if (isSealing) warn();
      },
      remove: (files) => writer.remove(files),
    }),
  };
}
