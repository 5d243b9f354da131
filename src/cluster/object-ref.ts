/** Which object: enough to address it on an API server. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  /** Undefined for what is cluster-scoped. */
  readonly namespace: string | undefined;
  readonly name: string;
}

/** The reference of an object, desired or live. */
export function refOf(object: {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
}): ObjectRef {
  const { apiVersion, kind, metadata } = object;
  return { apiVersion, kind, namespace: metadata.namespace, name: metadata.name };
}

/** One text per object, whatever version of its group it is read in: `helm.cattle.io/HelmChart/paas-charts/x`. */
export function refKey({ apiVersion, kind, namespace, name }: ObjectRef): string {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  return `${group}/${kind}/${namespace ?? ""}/${name}`;
}

/** How messages name an object: `HelmChart paas-charts/paas-ws-123-n8n-01`. */
export function labelRef({ kind, namespace, name }: ObjectRef): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}
