const separator = "\u0000";

/** Helm paths seen so far; tells in the length of one path whether another one runs into them. */
export class PathIndex {
  readonly #paths = new Set<string>();
  readonly #heads = new Set<string>();

  add(steps: readonly string[]): void {
    this.#paths.add(steps.join(separator));
    for (let length = 1; length < steps.length; length += 1) {
      this.#heads.add(steps.slice(0, length).join(separator));
    }
  }

  /** True when a path equals one of these, leads to one, or begins with one. */
  overlaps(steps: readonly string[]): boolean {
    if (this.#heads.has(steps.join(separator))) return true;
    return steps.some((_, index) => this.#paths.has(steps.slice(0, index + 1).join(separator)));
  }
}
