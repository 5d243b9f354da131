import { sampleKeyFile } from "../../edges/age-keys.ts";

/** Printed by every command that opens the sample's secrets. */
export const sampleKeyWarning = `warning: ${sampleKeyFile} is public: everybody can read what it protects. It is for the sample only.\n`;
