import { type SecretResult, succeed } from "./secret-error.ts";
import { editAge } from "./sops-config.ts";
import {
  findRule,
  parseSopsConfig,
  readRuleRecipients,
  refuseConfig,
  type SopsConfigText,
  type SopsRule,
} from "./sops-rules.ts";

/** No workspace can be called so: rules are asked with it what holds for a workspace that is still to come. */
export const comingWorkspace = "platform";

/** A change of every rule that is about workspaces. */
export interface RulesChange {
  readonly workspaceIds: readonly string[];
  /** What the recipients of a rule are to be; the same again where it is to stay. */
  readonly change: (present: readonly string[], pathRegex: string) => readonly string[];
}

/**
 * Changes the recipients in every rule about workspaces: those in use, that of workspaces still to come, and those left
 * of workspaces that are gone. Rules about other files, comments and all other lines stay.
 * Errors: `E_CONFIG_INVALID`, and those of a rule that cannot be used.
 */
export function changeEveryRule(text: string, { workspaceIds, change }: RulesChange): SecretResult<string> {
  const config = parseSopsConfig(text);
  if (!config.ok) return config;
  const paths = [comingWorkspace, ...workspaceIds].map((id) => `workspaces/${id}/a.yaml`);
  let edited: SopsConfigText = config.value;
  for (const index of config.value.rules.keys()) {
    const rule = edited.rules[index];
    if (rule === undefined || !isAboutWorkspaces(edited, { rule, paths })) continue;
    const present = readRuleRecipients(rule);
    if (!present.ok) return present;
    const wanted = change(present.value, rule.pathRegex);
    if (wanted.join() === present.value.join()) continue;
    const after = editAge(edited, rule, wanted);
    if (typeof after !== "string") return after;
    const read = parseSopsConfig(after);
    const changed = read.ok ? read.value.rules[index] : undefined;
    const now = changed === undefined ? undefined : readRuleRecipients(changed);
    if (!read.ok || now?.ok !== true || now.value.join() !== wanted.join()) {
      return refuseConfig(`the layout of the rule ${rule.pathRegex} cannot be edited here; edit it by hand`);
    }
    edited = read.value;
  }
  return succeed(edited.definition.text);
}

function isAboutWorkspaces(
  config: SopsConfigText,
  { rule, paths }: { readonly rule: SopsRule; readonly paths: readonly string[] },
): boolean {
  return rule.pathRegex.startsWith("^workspaces/") || paths.some((path) => findRule(config, path) === rule);
}
