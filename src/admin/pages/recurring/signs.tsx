/** @jsxImportSource hono/jsx */
/** The signs of a recurring task: what is special about it, and what became of a slot. */
import type { SlotOutcome } from "../../../cron/ledger.ts";
import type { Listed } from "../../../tasks/cron/listed.ts";
import { recurringMarks } from "../../../tasks/cron/marks.ts";
import type { RecurringSlot } from "../../../tasks/cron/recurring.ts";
import { localTime } from "../../../values/moment.ts";
import { Sentence, State } from "../parts.tsx";

const SIGNS: Record<SlotOutcome, readonly [sign: string, look: string]> = {
  pushed: ["→", ""],
  waiting: ["◷", "quiet"],
  skipped: ["–", "quiet"],
  paused: ["‖", "warn"],
  missed: ["✗", "warn"],
  started: ["▶", "running"],
  done: ["✓", "good"],
  failed: ["✗", "bad"],
};

/** The state of its task; where there is none, what became of it instead. */
export function Outcome({ slot: { outcome, state } }: { readonly slot: RecurringSlot }) {
  if (state !== null) return <State state={state} />;
  const [sign, look] = SIGNS[outcome];
  return (
    <span class={`state ${look}`}>
      <span aria-hidden="true">{sign}</span>
      {outcome}
    </span>
  );
}

/** Its peculiarities, a line each. */
export function Marks({ task, now }: { readonly task: Listed; readonly now: number }) {
  const times: number[] = [];
  const marks = recurringMarks(task, (at) => {
    times.push(at);
    return localTime(at, now);
  });
  if (marks.length === 0) return null;
  return (
    <ul class="marks">
      {marks.map((mark) => (
        <li>
          <Sentence words={mark} times={times} now={now} />
        </li>
      ))}
    </ul>
  );
}
