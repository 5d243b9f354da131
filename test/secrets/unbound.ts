import { parse } from "yaml";
import { parseDefinitionText } from "../../src/secrets/definition-text.ts";
import { stampMetadata } from "../../src/secrets/sops-text.ts";
import { identity, tools } from "./fixtures.ts";

/** The data key of a file sealed for the first test key. */
export function dataKeyOf(text: string): Uint8Array {
  const { sops } = parse(text) as { sops: { age: { enc: string }[] } };
  const dataKey = identity.open(sops.age[0]?.enc ?? "");
  if (dataKey === undefined) throw new Error("the first test key does not open this file");
  return dataKey;
}

/** The file as someone would make it who uses SOPS and knows nothing of the hidden entry. */
export function unbind(text: string, dataKey: Uint8Array): string {
  const definition = parseDefinitionText(text.replace(/^ {2}_bind: .*\n/m, ""));
  const stamped = definition.ok ? stampMetadata(definition.value, { dataKey, tools }) : definition;
  if (!stamped.ok) throw new Error(stamped.error.message);
  return stamped.value;
}
