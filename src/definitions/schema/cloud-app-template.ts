import Type from "typebox";
import { FreeMap, RamGb, Reference, StorageGb, Vcpu, Version } from "./parts.ts";

const HelmPath = Type.String({
  minLength: 1,
  maxLength: 500,
  description: "a dotted path of chart values, for example auth.postgresPassword",
});

const Port = Type.Integer({ minimum: 1, maximum: 65535, description: "a port, 1 to 65535" });

/** One value of the chart that a user may set; the specification's HelmValueSpec plus lifecycle and generate. */
export const HelmValueSpec = Type.Object(
  {
    key: HelmPath,
    label: Type.String({ minLength: 1, description: "what the form shows" }),
    type: Type.Enum(["text", "password", "number", "boolean", "select"], {
      description: "text, password, number, boolean or select",
    }),
    default_value: Type.Optional(
      Type.Union([Type.String(), Type.Number(), Type.Boolean()], {
        description: "text, a number or true/false, as `type` says",
      }),
    ),
    placeholder: Type.Optional(Type.String()),
    help_text: Type.Optional(Type.String()),
    required: Type.Optional(Type.Boolean()),
    multiline: Type.Optional(
      Type.Boolean({
        description:
          "true: the text may have several lines; only where the chart indents or encodes it, else its lines could become objects",
      }),
    ),
    options: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        uniqueItems: true,
        description: "the choices of a select, as text",
      }),
    ),
    lifecycle: Type.Optional(
      Type.Enum(["any", "create_only", "expand_only"], {
        description: "any, create_only (a later change is ignored or breaks the app) or expand_only (sizes)",
      }),
    ),
    generate: Type.Optional(
      Type.Object(
        {
          length: Type.Integer({ minimum: 8, maximum: 256, description: "characters, 8 to 256" }),
          alphabet: Type.Optional(
            Type.Enum(["alphanumeric", "hex", "base64url"], {
              description: "alphanumeric, hex or base64url",
            }),
          ),
        },
        { additionalProperties: false, description: "how woow makes a password of its own" },
      ),
    ),
  },
  { additionalProperties: false, description: "a value of the chart that a user may set" },
);

const share = Type.Number({
  exclusiveMinimum: 0,
  maximum: 1,
  description: "part of the service's size that goes here, above 0 and at most 1",
});

/** catalog/<id>.yaml: an app one can order; the specification's card plus what K3s needs to know. */
export const CloudAppTemplateDefinition = Type.Object(
  {
    kind: Type.Literal("CloudAppTemplate"),
    id: Type.Optional(Reference),
    name: Type.String({ minLength: 1, maxLength: 100, description: "the app's name, for people" }),
    icon_url: Type.Optional(
      Type.String({ pattern: "^https://", description: "an https:// address of a picture" }),
    ),
    description: Type.String({ minLength: 1, maxLength: 200, description: "about 100 characters" }),
    full_description: Type.Optional(Type.String()),
    tags: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { uniqueItems: true })),
    category: Type.Enum(["ai_llm", "automation", "database", "analytics", "devops", "web", "container"], {
      description: "ai_llm, automation, database, analytics, devops, web or container",
    }),
    monthly_price: Type.Optional(Type.Number({ minimum: 0, description: "price a month, 0 or more" })),
    documentation_url: Type.Optional(Type.String({ pattern: "^https?://", description: "an address" })),
    helm_chart: Type.Object(
      {
        repository: Type.String({
          pattern: "^(https://|oci://|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:|/|$)|file:charts$)",
          description: "https://..., oci://..., file:charts, or http:// to a loopback address",
        }),
        chart_name: Type.String({
          pattern: "^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$",
          description: "the chart's name in that repository",
        }),
        chart_version: Version,
        default_values: Type.Optional(FreeMap),
      },
      { additionalProperties: false, description: "the Helm chart" },
    ),
    default_port: Type.Optional(Port),
    service_name: Type.Optional(
      Type.String({ minLength: 1, description: "the chart's Service, for example {release_name}" }),
    ),
    service_port: Type.Optional(Port),
    pod_port: Type.Optional(
      Type.Union(
        [Port, Type.String({ pattern: "^(?=.*[a-z])(?!.*--)[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$" })],
        {
          description: "the pods' port behind the Service, as a number or by the name the chart gives it",
        },
      ),
    ),
    ingress_enabled: Type.Optional(Type.Boolean({ description: "false: the app speaks no HTTP" })),
    is_active: Type.Optional(Type.Boolean({ description: "false: no new services of this app" })),
    min_resources: Type.Optional(
      Type.Object(
        { vcpu: Type.Optional(Vcpu), ram_gb: Type.Optional(RamGb), storage_gb: Type.Optional(StorageGb) },
        { additionalProperties: false, description: "the least the app runs with; _gb means Gi" },
      ),
    ),
    resource_keys: Type.Optional(
      Type.Object(
        {
          containers: Type.Optional(
            Type.Array(
              Type.Object(
                { path: HelmPath, share: Type.Optional(share) },
                { additionalProperties: false, description: "a chart value that holds requests and limits" },
              ),
            ),
          ),
          storage: Type.Optional(
            Type.Array(
              Type.Object(
                { path: HelmPath, share: Type.Optional(share) },
                { additionalProperties: false, description: "a chart value that holds a volume's size" },
              ),
            ),
          ),
        },
        { additionalProperties: false, description: "which chart values take the service's size" },
      ),
    ),
    longest_name_suffix: Type.Optional(
      Type.String({
        pattern: "^[a-z0-9-]*$",
        maxLength: 40,
        description: "what the chart adds to the release name of a StatefulSet or CronJob",
      }),
    ),
    cluster_scoped_kinds: Type.Optional(
      Type.Array(Type.String({ pattern: "^[A-Z][A-Za-z]+$" }), {
        uniqueItems: true,
        description: "kinds the chart creates outside its namespace",
      }),
    ),
    required_values: Type.Optional(Type.Array(HelmValueSpec)),
    optional_values: Type.Optional(Type.Array(HelmValueSpec)),
  },
  { additionalProperties: false, description: "CloudAppTemplate: an app one can order" },
);

export type CloudAppTemplateDefinition = Type.Static<typeof CloudAppTemplateDefinition>;
export type HelmValueSpec = Type.Static<typeof HelmValueSpec>;
