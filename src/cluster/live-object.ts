/** One manager's entry in `metadata.managedFields`. */
export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: "Apply" | "Update";
  readonly apiVersion?: string;
  /** RFC 3339. */
  readonly time?: string;
  readonly subresource?: string;
  /** The tree of FieldsV1: `f:NAME`, `k:{...}`, `v:...` and `.`. */
  readonly fieldsV1?: FieldsTree;
}

/** FieldsV1: an empty object is a leaf, owned as a whole. */
export interface FieldsTree {
  readonly [key: string]: FieldsTree;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

export interface LiveMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  /** RFC 3339. */
  readonly deletionTimestamp?: string;
  /** RFC 3339. */
  readonly creationTimestamp?: string;
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** What the API server has. A metadata-only read has nothing beside `metadata`. */
export interface LiveObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: LiveMetadata;
  readonly [key: string]: unknown;
}
