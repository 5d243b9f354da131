/** The prefix of every label and annotation of ours. */
export const labelPrefix = "paas.woowtech.com";

/** What a unit's objects are labelled with. */
export interface LabelProps {
  /** Name of the platform, which owns the cluster. */
  readonly platform: string;
  /** `app.kubernetes.io/name`: the template of a service, else what the unit is. */
  readonly name: string;
  /** `app.kubernetes.io/instance`: release, namespace or platform. */
  readonly instance: string;
  readonly workspaceId?: string;
  readonly referenceId?: string;
}

/** The labels on everything of a unit. A label value has no slash, so the unit `123/n8n-01` reads `123.n8n-01`. */
export function unitLabels(props: LabelProps): Record<string, string> {
  const { platform, name, instance, workspaceId, referenceId } = props;
  const unit =
    workspaceId === undefined
      ? "platform"
      : referenceId === undefined
        ? workspaceId
        : `${workspaceId}.${referenceId}`;
  return {
    "app.kubernetes.io/name": name,
    "app.kubernetes.io/instance": instance,
    "app.kubernetes.io/part-of": "woow",
    "app.kubernetes.io/managed-by": "woow",
    [`${labelPrefix}/platform`]: platform,
    [`${labelPrefix}/unit`]: unit,
    ...(workspaceId === undefined ? {} : { [`${labelPrefix}/workspace`]: workspaceId }),
    ...(referenceId === undefined ? {} : { [`${labelPrefix}/service`]: referenceId }),
  };
}
