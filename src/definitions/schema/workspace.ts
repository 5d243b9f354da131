import Type from "typebox";
import { DnsLabel, Drift, Quota, WorkspaceId } from "./parts.ts";

/** workspaces/<id>/workspace.yaml: a tenant. */
export const WorkspaceDefinition = Type.Object(
  {
    kind: Type.Literal("Workspace"),
    id: Type.Optional(WorkspaceId),
    name: Type.String({ minLength: 1, maxLength: 200, description: "the tenant's name, for people" }),
    cluster: Type.Optional(DnsLabel),
    quota: Type.Optional(Quota),
    drift: Type.Optional(Drift),
    members: Type.Optional(
      Type.Array(
        Type.Object(
          {
            user: Type.String({
              minLength: 1,
              maxLength: 200,
              pattern: "^[A-Za-z0-9][A-Za-z0-9._@+-]*$",
              description:
                "the person's login, for example alice@acme.example; letters, digits and . _ @ + - only",
            }),
            role: Type.Enum(["owner", "admin", "member", "viewer"], {
              description: "owner, admin, member or viewer",
            }),
          },
          { additionalProperties: false, description: "a member: user and role" },
        ),
        { description: "who may see and change the workspace" },
      ),
    ),
  },
  { additionalProperties: false, description: "Workspace: a tenant, one namespace" },
);

export type WorkspaceDefinition = Type.Static<typeof WorkspaceDefinition>;
