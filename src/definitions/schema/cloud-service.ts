import Type from "typebox";
import { FreeMap, HostName, RamGb, Reference, StorageGb, Subdomain, Vcpu, Version } from "./parts.ts";

/** What a service asks for: requests; limits are twice that unless `limits_*` say otherwise. */
export const ServiceResources = Type.Object(
  {
    vcpu: Type.Optional(Vcpu),
    ram_gb: Type.Optional(RamGb),
    storage_gb: Type.Optional(StorageGb),
    limits_vcpu: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1024, description: "CPU limit" })),
    limits_ram_gb: Type.Optional(RamGb),
  },
  { additionalProperties: false, description: "resources the service asks for; _gb means Gi" },
);

/** The trailer that SOPS writes; its own keys are SOPS' business, so they stay open. */
export const SopsMetadata = Type.Object(
  {
    age: Type.Array(
      Type.Object(
        { recipient: Type.String({ minLength: 1 }), enc: Type.String({ minLength: 1 }) },
        { additionalProperties: true },
      ),
      { minItems: 1, description: "the data key, once per age recipient" },
    ),
    lastmodified: Type.String({ minLength: 1 }),
    mac: Type.String({ minLength: 1 }),
    version: Type.String({ minLength: 1 }),
    encrypted_regex: Type.Optional(Type.String()),
    mac_only_encrypted: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: true, description: "written by woow secrets and by sops; never by hand" },
);

/** workspaces/<workspace id>/<reference id>.yaml: one running app. */
export const CloudServiceDefinition = Type.Object(
  {
    kind: Type.Literal("CloudService"),
    reference_id: Type.Optional(Reference),
    template_id: Reference,
    name: Type.String({ minLength: 1, maxLength: 200, description: "the application's name, for people" }),
    chart_version: Version,
    subdomain: Type.Optional(Subdomain),
    custom_domain: Type.Optional(HostName),
    is_private_network: Type.Optional(Type.Boolean({ description: "true: reachable from the VPN only" })),
    resources: Type.Optional(ServiceResources),
    helm_values: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: "values by the keys that the template's specs allow, for example auth.database: orders",
      }),
    ),
    raw_values: Type.Optional(FreeMap),
    secret_values: Type.Optional(FreeMap),
    sops: Type.Optional(SopsMetadata),
  },
  { additionalProperties: false, description: "CloudService: one running app, one Helm release" },
);

export type CloudServiceDefinition = Type.Static<typeof CloudServiceDefinition>;
export type SopsMetadata = Type.Static<typeof SopsMetadata>;
