import Type from "typebox";
import { dnsLabelPattern, hostNamePattern, workspaceIdPattern } from "../id-patterns.ts";

/**
 * Building blocks shared by the schemas. Every `description` is written for the person who got the value
 * wrong: it is shown as the hint of the problem and as the hover text in an editor.
 */

const strict = { additionalProperties: false } as const;

/**
 * A name that people also write as a plain number (`id: 123`). The parser turns it into text before validation, so
 * its type is text; an editor, which knows only the schema, must accept the number as well.
 */
const nameOrNumber = (pattern: string, description: string) =>
  Type.Unsafe<string>({ type: ["string", "integer"], pattern, description });

export const WorkspaceId = nameOrNumber(
  workspaceIdPattern,
  "1 to 20 lower-case letters and digits, no hyphen, for example 123 or acme",
);

const dnsLabelDescription =
  "lower-case letters, digits and hyphens, at most 63, not starting or ending with a hyphen, for example n8n-01";

export const DnsLabel = Type.String({ pattern: dnsLabelPattern, description: dnsLabelDescription });

/** A reference id or template id. */
export const Reference = nameOrNumber(dnsLabelPattern, dnsLabelDescription);

export const Subdomain = nameOrNumber(
  dnsLabelPattern,
  "one lower-case DNS label, for example orders for orders.<platform domain>; for a whole domain name use custom_domain",
);

export const HostName = Type.String({
  pattern: hostNamePattern,
  maxLength: 253,
  description: "a lower-case domain name with at least one dot, for example apps.example.com",
});

export const Cidr = Type.String({
  pattern: "^[0-9A-Fa-f.:]+/[0-9]{1,3}$",
  description: "an address range in CIDR form, for example 10.8.0.0/24",
});

export const Version = Type.String({
  minLength: 1,
  pattern: "^v?[0-9]+(\\.[0-9A-Za-z-]+)*([-+.][0-9A-Za-z.+-]+)?$",
  description: 'an exact version in quotes, for example "1.10.0"; never latest, never a range',
});

/** Whole virtual CPUs, as the specification has it. */
export const Vcpu = Type.Integer({
  minimum: 1,
  maximum: 1024,
  description: "whole virtual CPUs, 1 or more",
});

/** RAM in Gi; the field says `_gb` because the specification does. */
export const RamGb = Type.Number({
  exclusiveMinimum: 0,
  maximum: 65536,
  description: "memory in Gi, for example 2 or 0.5",
});

/** Storage in whole Gi. */
export const StorageGb = Type.Integer({
  minimum: 0,
  maximum: 1048576,
  description: "storage in whole Gi, for example 10",
});

const amount = (description: string) => Type.Number({ exclusiveMinimum: 0, maximum: 1048576, description });

/** The hard limits of a workspace's ResourceQuota. */
export const Quota = Type.Object(
  {
    vcpu: Type.Optional(amount("sum of CPU requests, in vCPU")),
    ram_gb: Type.Optional(amount("sum of memory requests, in Gi")),
    limits_vcpu: Type.Optional(amount("sum of CPU limits, in vCPU")),
    limits_ram_gb: Type.Optional(amount("sum of memory limits, in Gi")),
    persistent_volume_claims: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 100000, description: "number of volumes" }),
    ),
    storage_gb: Type.Optional(StorageGb),
  },
  { ...strict, description: "quota of a workspace; _gb means Gi" },
);

export const Drift = Type.Enum(["repair", "report"], {
  description: "repair (put back what git says) or report (only say so)",
});

/** Any YAML map, for values that only the chart understands. */
export const FreeMap = Type.Record(Type.String(), Type.Unknown(), { description: "a map" });
