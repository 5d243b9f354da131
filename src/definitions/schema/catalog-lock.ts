import Type from "typebox";

const Digest = Type.String({
  pattern: "^sha256:[0-9a-f]{64}$",
  description: "sha256: and 64 hexadecimal digits",
});

const LockedImage = Type.Object(
  {
    image: Type.String({ minLength: 1, description: "the reference as the chart renders it" }),
    digest: Type.Optional(Digest),
  },
  {
    additionalProperties: false,
    description: "an image of the chart; without digest its registry gave none",
  },
);

/** catalog.lock.yaml: the charts that `woow catalog verify` looked into, byte for byte. Written by it, not by hand. */
export const CatalogLockDefinition = Type.Object(
  {
    kind: Type.Literal("CatalogLock"),
    charts: Type.Array(
      Type.Object(
        {
          chart: Type.String({ minLength: 1, description: "chart_name of the template" }),
          version: Type.String({ minLength: 1, description: 'the chart\'s version, in quotes: "1.2.3"' }),
          repository: Type.String({ minLength: 1, description: "repository of the template" }),
          sha256: Type.String({
            pattern: "^[0-9a-f]{64}$",
            description: "SHA-256 of the packed chart, 64 hexadecimal digits",
          }),
          manifest: Type.Optional(Digest),
          delivery: Type.Union([Type.Literal("content"), Type.Literal("download")], {
            description:
              "content (the verified bytes go into the HelmChart) or download (the chart job fetches it again)",
          }),
          templates: Type.Array(Type.String(), { description: "templates that were verified with it" }),
          images: Type.Array(LockedImage, { description: "images it renders at default values" }),
        },
        { additionalProperties: false, description: "one chart at one version" },
      ),
      { description: "the verified charts, sorted" },
    ),
  },
  { additionalProperties: false, description: "CatalogLock: the charts that were verified" },
);

export type CatalogLockDefinition = Type.Static<typeof CatalogLockDefinition>;
