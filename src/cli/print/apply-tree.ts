import type { ApplyEvent } from "../../apply/event.ts";
import type { CliContext } from "../context.ts";
import { escapeControls } from "./escape-controls.ts";
import { paintState } from "./paint-state.ts";

/** Shows the events of a run as they come. */
export interface ApplyPrinter {
  readonly show: (event: ApplyEvent) => void;
  /** Leaves the last picture standing. */
  readonly end: () => void;
}

interface UnitLine {
  state: string;
  detail: string;
  written: number;
  finished: boolean;
}

const redrawMs = 100;
/** Rows left free below the picture. */
const margin = 2;

/** Units as a tree, drawn over itself while they move. What does not fit is counted, and shown in full at the end. */
export function createApplyTree(context: CliContext, signal: AbortSignal): ApplyPrinter {
  const units = new Map<string, UnitLine>();
  let drawnRows = 0;
  let drawnAt = 0;
  // what is said then stands below the picture, so the next picture begins below that
  signal.addEventListener("abort", () => (drawnRows = 0), { once: true });
  const lineOf = (unit: string): UnitLine => {
    let line = units.get(unit);
    if (line === undefined) {
      line = { state: "waiting", detail: "", written: 0, finished: false };
      units.set(unit, line);
    }
    return line;
  };
  const erase = () => (drawnRows === 0 ? "" : `\u001b[${drawnRows}A\u001b[0J`);
  const draw = (all: boolean) => {
    const rows = (process.stdout.rows ?? 24) - margin;
    const lines = listLines(units, context, all ? undefined : rows);
    context.stdout(`${erase()}${lines.map((line) => `${line}\n`).join("")}`);
    drawnRows = lines.length;
    drawnAt = performance.now();
  };
  return {
    show: (event) => {
      if (event.type === "lock-waiting") {
        context.stdout(
          `${erase()}waiting for ${escapeControls(event.holder)} (${escapeControls(event.purpose)})\n`,
        );
        drawnRows = 1;
        return;
      }
      updateLine(lineOf(event.unit), event);
      if (performance.now() - drawnAt >= redrawMs) draw(false);
    },
    end: () => draw(true),
  };
}

function updateLine(line: UnitLine, event: Exclude<ApplyEvent, { type: "lock-waiting" }>): void {
  switch (event.type) {
    case "unit-started":
      line.state = "applying";
      line.detail = `${event.changes} ${event.changes === 1 ? "object" : "objects"}`;
      return;
    case "object":
      if (event.outcome !== "unchanged") line.written += 1;
      if (event.outcome === "failed") line.detail = event.message ?? "";
      return;
    case "recovering":
      line.state = "recovering";
      line.detail = event.why;
      return;
    case "step":
      line.detail = event.message;
      return;
    case "unit-status":
      line.state = event.status.state;
      line.detail = event.status.reason?.message ?? "";
      return;
    case "unit-finished":
      line.state = event.outcome;
      line.finished = true;
      line.detail = [event.message, event.hint].filter((text) => text !== undefined).join("; ");
      if (line.detail === "" && line.written > 0) line.detail = `${line.written} written`;
  }
}

function listLines(
  units: ReadonlyMap<string, UnitLine>,
  context: CliContext,
  rows: number | undefined,
): string[] {
  const sorted = [...units].sort(([a], [b]) => compareUnits(a, b));
  const shown =
    rows === undefined || sorted.length <= rows
      ? sorted
      : sorted.filter(([, { finished }]) => !finished).slice(0, Math.max(1, rows - 1));
  const width = Math.max(0, ...shown.map(([unit]) => unit.length)) + 2;
  const columns = rows === undefined ? undefined : (process.stdout.columns ?? 80);
  const lines = shown.map(([unit, { state, detail }]) => {
    const indent = unit.includes("/") ? "  " : "";
    const text = escapeControls(detail);
    const room = columns === undefined ? text.length : Math.max(0, columns - width - 18);
    const word = paintState(context, state) + " ".repeat(Math.max(1, 13 - state.length));
    return `${(indent + unit).padEnd(width)} ${word}${text.slice(0, room)}`.trimEnd();
  });
  const hidden = sorted.length - shown.length;
  return hidden === 0 ? lines : [...lines, `... and ${hidden} more`];
}

/** The platform first, then each workspace with its services below it. */
function compareUnits(a: string, b: string): number {
  if (a === b) return 0;
  if (a === "platform" || b === "platform") return a === "platform" ? -1 : 1;
  return a < b ? -1 : 1;
}
