/** The lines of a task that were not told yet: each once, in order, and a mark in the place of those that are gone. */
import { lineSize } from "../../src/store/kept-lines.ts";
import {
  type CutOutput,
  NOTHING_CUT,
  type OutputLine,
  type RunOutput,
} from "../../src/store/task-output.ts";

export type NewLine =
  | { readonly event: "line"; readonly attempt: number; readonly line: OutputLine }
  /** The task said more than is kept before it was looked at again. */
  | { readonly event: "skipped"; readonly attempt: number; readonly skipped: CutOutput }
  /** Told once a run. */
  | { readonly event: "unread"; readonly attempt: number; readonly reason: string };

export class NewLines {
  /** The run that was told of last; those before it are not told of any more. */
  from: number;
  /** How much that run had said up to the last line that was told. */
  #told = NOTHING_CUT;
  #unread = false;

  constructor(from = 1) {
    this.from = from;
  }

  /** @param run as it was read now; it may show less than before, while its file is written anew. */
  of(run: RunOutput): NewLine[] {
    const { attempt, cut } = run;
    if (attempt < this.from) return [];
    if (attempt > this.from) [this.from, this.#told, this.#unread] = [attempt, NOTHING_CUT, false];
    const before = this.#told;
    const lines = run.lines.slice(Math.max(before.lines - cut.lines, 0));
    const skipped =
      cut.lines > before.lines
        ? [{ lines: cut.lines - before.lines, bytes: cut.bytes - before.bytes }]
        : [];
    this.#told = added(skipped.length > 0 ? cut : before, lines);
    return [
      ...this.#unreadOf(run),
      ...skipped.map((one) => ({ event: "skipped", attempt, skipped: one }) as const),
      ...lines.map((line) => ({ event: "line", attempt, line }) as const),
    ];
  }

  #unreadOf({ attempt, unread }: RunOutput): NewLine[] {
    if (unread === undefined || this.#unread) return [];
    this.#unread = true;
    return [{ event: "unread", attempt, reason: unread }];
  }
}

function added(before: CutOutput, lines: readonly OutputLine[]): CutOutput {
  const bytes = lines.reduce((sum, { text }) => sum + lineSize(text), before.bytes);
  return { lines: before.lines + lines.length, bytes };
}
