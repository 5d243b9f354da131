import type { ApplyEvent } from "../../apply/event.ts";
import type { ApplyPrinter } from "../print/apply-tree.ts";

/** Shows the events of a run and gives what it returned; the picture is left standing, also when it fails. */
export async function drainEvents<R>(run: AsyncGenerator<ApplyEvent, R>, printer: ApplyPrinter): Promise<R> {
  try {
    for (;;) {
      const next = await run.next();
      if (next.done === true) return next.value;
      printer.show(next.value);
    }
  } finally {
    printer.end();
  }
}
