/** Label and field selectors in kubectl's syntax, for the fake cluster. */

/** Errors: a selector that kubectl would not read. */
export function matchesLabels(
  labels: Readonly<Record<string, string>>,
  selector: string | undefined,
): boolean {
  if (selector === undefined || selector.trim() === "") return true;
  return splitTerms(selector).every((term) => {
    const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
    if (set !== null) {
      const [, key = "", operator, list = ""] = set;
      const values = list.split(",").map((value) => value.trim());
      const value = labels[key];
      if (operator === "in") return value !== undefined && values.includes(value);
      return value === undefined || !values.includes(value);
    }
    const equality = /^([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)$/.exec(term);
    if (equality !== null) {
      const [, key = "", operator, value] = equality;
      return operator === "!=" ? labels[key] !== value : labels[key] === value;
    }
    const presence = /^(!?)([A-Za-z0-9][\w./-]*)$/.exec(term);
    if (presence === null) throw new Error(`not a label selector: ${selector}`);
    return presence[1] === "!" ? !(presence[2]! in labels) : presence[2]! in labels;
  });
}

/** `metadata.name=x,type!=y`: any path whose value is text. */
export function matchesFields(object: unknown, selector: string | undefined): boolean {
  if (selector === undefined || selector.trim() === "") return true;
  return selector.split(",").every((term) => {
    const parts = /^([\w.]+)\s*(==|=|!=)\s*(.*)$/.exec(term.trim());
    if (parts === null) throw new Error(`not a field selector: ${selector}`);
    const [, path = "", operator, value] = parts;
    let found: unknown = object;
    for (const name of path.split(".")) found = (found as Record<string, unknown> | undefined)?.[name];
    const equal = (found ?? "") === value;
    return operator === "!=" ? !equal : equal;
  });
}

/** Commas in parentheses belong to a set. */
function splitTerms(selector: string): string[] {
  return selector.split(/,(?![^(]*\))/).map((term) => term.trim());
}
