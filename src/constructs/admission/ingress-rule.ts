import type { AdmissionRule } from "./admission-policy.ts";
import { hostsVariable, isRewritten, isServedSecret } from "./allotted-hosts.ts";

const prefix = "traefik.ingress.kubernetes.io/";
const eachOf = "VALUE.split(',').all(one, ";

/** By Traefik annotation: CEL of what its VALUE may be. Whatever is not here is refused, in any spelling. */
const annotations: Readonly<Record<string, string>> = {
  "router.entrypoints": `${eachOf}one.trim() in ['web', 'websecure'])`,
  "router.middlewares":
    `${eachOf}one.trim().startsWith(request.namespace + '-') && ` + "one.trim().endsWith('@kubernetescrd'))",
  "router.pathmatcher": "VALUE in ['Path', 'PathPrefix', 'PathRegexp']",
  "router.priority": "true",
  "router.tls": "VALUE in ['true', 'false']",
};

const messages: Readonly<Record<string, string>> = {
  "router.middlewares": "only middlewares of the Ingress' own namespace: <namespace>-<name>@kubernetescrd",
};

const names = Object.keys(annotations).map((name) => `'${prefix}${name}'`);

/**
 * An Ingress serves the hosts allotted to its namespace and nothing else. Binds everybody, ourselves too. Traefik
 * takes what annotations name from anywhere in the cluster (k3s-facts D), and puts paths into a rule language.
 */
export const ingressRule: AdmissionRule = {
  name: "woow-ingresses",
  where: "tenant namespaces",
  matches: [
    {
      apiGroups: ["networking.k8s.io"],
      apiVersions: ["v1"],
      operations: ["CREATE", "UPDATE"],
      resources: ["ingresses"],
    },
  ],
  matchConditions: isRewritten,
  variables: {
    ...hostsVariable,
    named: "object.spec.?rules.orValue([]).map(rule, has(rule.host) ? rule.host : '(none)')",
    annotations: "object.metadata.?annotations.orValue({})",
  },
  validations: [
    {
      expression: "variables.named.all(host, host in variables.hosts)",
      message: "an Ingress may name only hosts that are allotted to its namespace, and each rule names one",
      messageExpression:
        "'hosts that are not allotted to ' + request.namespace + ': ' + " +
        "variables.named.filter(host, !(host in variables.hosts)).join(', ') + " +
        "'; a host is allotted by subdomain or custom_domain in the file of a service'",
    },
    {
      expression:
        "object.spec.?tls.orValue([]).all(entry, " +
        "entry.?hosts.orValue([]).all(host, host in variables.hosts))",
      message: "an Ingress may ask for certificates only of hosts that are allotted to its namespace",
    },
    {
      expression: "!has(object.spec.defaultBackend)",
      message: "an Ingress with defaultBackend would answer for every host: write a rule with a host",
    },
    {
      expression:
        "object.spec.?tls.orValue([]).all(entry, !has(entry.secretName) || " +
        `${isServedSecret("entry.secretName")})`,
      message:
        "a certificate's Secret is named <namespace>-<anything>-tls: only cert-manager may write those",
    },
    {
      expression:
        "object.spec.?ingressClassName.orValue('traefik') == 'traefik' && " +
        "variables.annotations[?'kubernetes.io/ingress.class'].orValue('traefik') == 'traefik'",
      message: "the class of an Ingress is traefik: nobody watches what another controller would serve",
    },
    {
      expression:
        "object.spec.?rules.orValue([]).all(rule, rule.?http.?paths.orValue([]).all(entry, " +
        "!entry.?path.orValue('').matches('[`\"\\\\\\\\]')))",
      message: "a path holds no backtick, quote or backslash: Traefik would read it as a rule",
    },
    {
      expression:
        `variables.annotations.all(key, !key.lowerAscii().startsWith('${prefix}') || ` +
        `key in [${names.join(", ")}])`,
      message: `of Traefik's annotations only ${Object.keys(annotations).join(", ")} are allowed`,
    },
    ...Object.entries(annotations)
      .filter(([, expression]) => expression !== "true")
      .map(([name, expression]) => {
        const value = `variables.annotations['${prefix}${name}']`;
        return {
          expression: `!('${prefix}${name}' in variables.annotations) || ${expression.replaceAll("VALUE", value)}`,
          message: messages[name] ?? `the value of ${prefix}${name} is not one of those allowed`,
        };
      }),
  ],
};
