import { ApiObject } from "cdk8s";
import { Construct } from "constructs";
import { labelPrefix } from "../labels.ts";

/** A rule in CEL, and what is said when it does not hold. */
export interface Validation {
  readonly expression: string;
  /** What is wrong and what to do, for the reader of a refused request. */
  readonly message: string;
  /** CEL for a message with names in it; `message` stands in when it cannot be computed. */
  readonly messageExpression?: string;
}

/** Which requests a policy looks at. */
export interface Matches {
  readonly apiGroups: readonly string[];
  /** Named versions are type-checked by the API server; `*` is not, for kinds that a cluster may lack. */
  readonly apiVersions: readonly string[];
  readonly operations: readonly ("CREATE" | "UPDATE" | "DELETE" | "CONNECT")[];
  readonly resources: readonly string[];
  readonly scope?: "Cluster" | "Namespaced" | "*";
}

/** One ValidatingAdmissionPolicy: a kind of object, whom it binds, and what must hold. */
export interface AdmissionRule {
  /** Begins with `woow-`. */
  readonly name: string;
  readonly where: "tenant namespaces" | "everywhere";
  readonly matches: readonly Matches[];
  /** CEL by name: a request that one of them does not hold for is none of this policy's business. */
  readonly matchConditions?: Readonly<Record<string, string>>;
  /** CEL by name, evaluated when used. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly validations: readonly Validation[];
}

/** Which requests a binding looks at, among those of its policy. */
export interface BindingScope {
  readonly objectLabels: Readonly<Record<string, string>>;
}

/** What makes a namespace a tenant's. */
const tenantSelector = { matchExpressions: [{ key: `${labelPrefix}/workspace`, operator: "Exists" }] };

const apiVersion = "admissionregistration.k8s.io/v1";

/** The `spec` of a rule's policy, with every default that the API server would add: live and desired compare equal. */
export function policySpec(rule: AdmissionRule): Record<string, unknown> {
  const { where, matches, matchConditions = {}, variables = {}, validations } = rule;
  const named = (entries: Readonly<Record<string, string>>) =>
    Object.entries(entries).map(([name, expression]) => ({ name, expression }));
  return {
    failurePolicy: "Fail",
    matchConstraints: {
      matchPolicy: "Equivalent",
      namespaceSelector: where === "everywhere" ? {} : tenantSelector,
      objectSelector: {},
      resourceRules: matches.map(({ scope = "*", ...rest }) => ({ ...rest, scope })),
    },
    ...(Object.keys(matchConditions).length === 0 ? {} : { matchConditions: named(matchConditions) }),
    ...(Object.keys(variables).length === 0 ? {} : { variables: named(variables) }),
    validations: validations.map((validation) => ({ ...validation, reason: "Forbidden" })),
  };
}

/** A policy and the binding that puts it into force, both under the rule's name. */
export class AdmissionPolicy extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { rule, bindingScope }: { readonly rule: AdmissionRule; readonly bindingScope?: BindingScope },
  ) {
    super(scope, id);
    const metadata = { name: rule.name };
    new ApiObject(this, "policy", {
      apiVersion,
      kind: "ValidatingAdmissionPolicy",
      metadata,
      spec: policySpec(rule),
    });
    new ApiObject(this, "binding", {
      apiVersion,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata,
      spec: {
        policyName: rule.name,
        validationActions: ["Deny"],
        ...(bindingScope === undefined
          ? {}
          : {
              matchResources: {
                matchPolicy: "Equivalent",
                namespaceSelector: {},
                objectSelector: { matchLabels: bindingScope.objectLabels },
              },
            }),
      },
    });
  }
}
