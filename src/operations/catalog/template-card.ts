import type { CatalogEntry } from "./load-catalog.ts";
import type { CloudAppTemplateDefinition } from "../../definitions/schema/cloud-app-template.ts";

/** A template as the specification and the API write it, in snake_case, with its defaults filled. */
export type TemplateCard = Omit<CloudAppTemplateDefinition, "kind"> & {
  readonly id: string;
  readonly currency: string;
};

/** The card of a template; without `kind`, which only files have. */
export function makeCard({ definition, template }: CatalogEntry, currency: string): TemplateCard {
  const { kind: _, ...written } = definition.value;
  return {
    ...written,
    id: template.id,
    tags: [...template.tags],
    monthly_price: template.monthlyPrice,
    currency,
    default_port: template.defaultPort,
    service_name: template.serviceName,
    service_port: template.servicePort,
    ingress_enabled: template.ingressEnabled,
    is_active: template.isActive,
    min_resources: {
      vcpu: template.minResources.vcpu,
      ram_gb: template.minResources.ramGb,
      storage_gb: template.minResources.storageGb,
    },
    required_values: [...(written.required_values ?? [])],
    optional_values: [...(written.optional_values ?? [])],
  };
}
