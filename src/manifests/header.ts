/** Who wrote a manifest file: read back before anything is overwritten or removed. */
export interface FileHeader {
  readonly platform: string;
  readonly unit: string;
  /** A tombstone holds no objects: K3s prunes what its Addon owned. */
  readonly tombstone: boolean;
}

const mark = "# Made by woow from the definitions in git. Edits here are overwritten.";
const tombMark =
  "# Made by woow: this unit was removed. K3s prunes its objects; a later run removes this file.";

/** The comment every file of ours starts with. */
export function writeHeader({ platform, unit, tombstone }: FileHeader): string {
  return `${tombstone ? tombMark : mark}\n# platform: ${platform}\n# unit: ${unit}\n`;
}

/** The header of a text, or undefined when the file is not ours. */
export function readHeader(text: string): FileHeader | undefined {
  const [first, second, third] = text.split("\n", 3);
  if (first !== mark && first !== tombMark) return undefined;
  const platform = /^# platform: ([a-z0-9-]+)$/.exec(second ?? "")?.[1];
  const unit = /^# unit: ([a-z0-9/-]+)$/.exec(third ?? "")?.[1];
  if (platform === undefined || unit === undefined) return undefined;
  return { platform, unit, tombstone: first === tombMark };
}
