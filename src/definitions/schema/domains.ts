import Type from "typebox";
import { HostName, WorkspaceId } from "./parts.ts";

/** domains.yaml: the custom domains whose owner was proven; a domain that is not here is not served. */
export const DomainsDefinition = Type.Object(
  {
    kind: Type.Literal("Domains"),
    verified: Type.Array(
      Type.Object(
        {
          domain: HostName,
          workspace: WorkspaceId,
          verified_at: Type.Optional(
            Type.String({ description: "when the proof was seen, for example 2026-11-23T05:00:00Z" }),
          ),
        },
        { additionalProperties: false, description: "a verified domain and the workspace that proved it" },
      ),
      { description: "the verified custom domains" },
    ),
  },
  { additionalProperties: false, description: "Domains: verified custom domains" },
);

export type DomainsDefinition = Type.Static<typeof DomainsDefinition>;
