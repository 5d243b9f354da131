/** What a leaf of `secret_values` looks like; later stages ask this without knowing SOPS. */
export { isEncryptedText } from "../secrets/sops-value.ts";
