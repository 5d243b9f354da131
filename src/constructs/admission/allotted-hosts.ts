import { labelPrefix } from "../labels.ts";

/** CEL variable: the hosts allotted to the object's namespace; the annotation is the workspace unit's. */
export const hostsVariable = {
  hosts: `namespaceObject.metadata.?annotations[?'${labelPrefix}/hosts'].orValue('').split(',')`,
} as const;

/**
 * CEL: spec or annotations are new. What stands there already must be able to lose a finalizer after its hosts were
 * taken away, or it could never be deleted.
 */
export const isRewritten = {
  "is-rewritten":
    "request.operation == 'CREATE' || object.spec != oldObject.spec || " +
    "object.metadata.?annotations.orValue({}) != oldObject.metadata.?annotations.orValue({})",
} as const;

/** CEL: the end of the name of a Secret that Traefik may take a certificate from; in front stands the namespace. */
export const servedSecretEnd = "-tls(-[0-9a-f]{8})?$";

/** CEL: a name is that of a Secret Traefik may take a certificate from. */
export function isServedSecret(name: string): string {
  return `(${name}.startsWith(request.namespace + '-') && ${name}.matches('${servedSecretEnd}'))`;
}
