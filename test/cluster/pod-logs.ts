import type { ApiObject } from "./api-client.ts";

/** The log of a container that runs or has run. */
export interface ContainerLog {
  line(text: string): void;
  text(): string;
  close(): void;
  readonly closed: boolean;
}

/** What containers have said: of each pod the newest run and the one before it. */
export class PodLogs {
  readonly #logs = new Map<string, { current: ContainerLog; previous?: ContainerLog }>();

  /** The log of a new run of a pod's container. */
  open(pod: ApiObject): ContainerLog {
    const log = new Log();
    const before = this.#logs.get(pod.metadata.uid)?.current;
    this.#logs.set(pod.metadata.uid, { current: log, ...(before !== undefined && { previous: before }) });
    return log;
  }

  /** The log of a pod; undefined when there is none. */
  find(uid: string, { previous }: { readonly previous: boolean }): ContainerLog | undefined {
    const logs = this.#logs.get(uid);
    return previous ? logs?.previous : logs?.current;
  }
}

class Log implements ContainerLog {
  readonly #lines: string[] = [];
  closed = false;

  line(text: string): void {
    this.#lines.push(text);
  }

  text(): string {
    return this.#lines.map((line) => `${line}\n`).join("");
  }

  close(): void {
    this.closed = true;
  }
}
