import { randomBytes } from "node:crypto";
import type { SealTools } from "../secrets/sops-text.ts";

/** The machine's source of randomness and its clock, for whoever seals secrets. */
export const sealTools: SealTools = { randomBytes, now: () => new Date() };
