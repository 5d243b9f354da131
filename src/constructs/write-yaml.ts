import { dump } from "js-yaml";

/**
 * The one way we write YAML. js-yaml's default schema quotes whatever a YAML 1.1 reader would take for something
 * else, and Kubernetes and Helm read YAML 1.1 (decision 0003 has the measurements).
 */
export function writeYaml(value: unknown): string {
  return dump(value, { lineWidth: -1, noRefs: true });
}
