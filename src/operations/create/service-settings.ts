import type { Json } from "../../definitions/convert.ts";
import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { formatHelmPath, parseHelmPath } from "../../model/helm-values.ts";
import type { Template } from "../../model/template.ts";
import { valueFault } from "../../model/value-spec.ts";
import type { ValueSpec } from "../../model/value-spec.ts";

/**
 * Reads `KEY=VALUE` settings by the template's specs: numbers and true/false become what they are. A later one wins.
 * Errors: `usage` for what is no setting, an unknown key, a value that does not fit, and a password, because
 * the arguments of a program are visible to everybody on the machine.
 */
export function parseSettings(template: Template, settings: readonly string[]): Map<string, Json> {
  const values = new Map<string, Json>();
  for (const setting of settings) {
    const at = setting.indexOf("=");
    if (at < 1) {
      throw new OperationError("usage", "--set takes KEY=VALUE", {
        subject: setting.slice(0, Math.max(at, 0)),
        hint: `woow catalog show ${template.id} lists the keys`,
      });
    }
    const spec = findSpec(template, setting.slice(0, at));
    if (spec.type === "password") {
      throw new OperationError(
        "usage",
        `${spec.key} is a password, and a command line can be seen by others`,
        {
          subject: spec.key,
          hint:
            spec.generate === undefined
              ? "leave it out: you are asked for it, or set it afterwards with woow secrets set"
              : "leave it out: woow generates one; woow secrets set changes it",
        },
      );
    }
    values.set(spec.key, readValue(spec, setting.slice(at + 1)));
  }
  return values;
}

/** The spec of a key, however its dots are written. */
function findSpec(template: Template, written: string): ValueSpec {
  const steps = parseHelmPath(written);
  const key = steps === undefined ? written : formatHelmPath(steps);
  const spec = template.specs.find((candidate) => candidate.key === key);
  if (spec !== undefined) return spec;
  const known = template.specs.map((candidate) => candidate.key);
  throw new OperationError("usage", `the template ${template.id} has no value ${written}`, {
    subject: written,
    hint: suggestHint(written, known) ?? `woow catalog show ${template.id} lists the keys`,
  });
}

/** The value that a text means for a spec. Errors: `usage`. */
export function readValue(spec: ValueSpec, text: string): Json {
  const value = convert(spec, text);
  const fault = valueFault(spec, value);
  if (fault === undefined) return value;
  throw new OperationError("usage", `${spec.key} ${fault}, but is ${JSON.stringify(text)}`, {
    subject: spec.key,
    hint:
      spec.helpText ??
      `${spec.label}${spec.placeholder === undefined ? "" : `, for example ${spec.placeholder}`}`,
  });
}

function convert(spec: ValueSpec, text: string): Json {
  if (spec.type === "number" && /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(text)) return Number(text);
  if (spec.type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}
