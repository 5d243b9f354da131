/** Names the very build that runs; the build script writes it. Undefined from source: then nothing is cached. */
export const buildId: string | undefined = undefined;
