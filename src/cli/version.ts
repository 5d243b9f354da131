import packageJson from "../../package.json" with { type: "json" };

/** woow's own version, as package.json has it. */
export const version: string = packageJson.version;
