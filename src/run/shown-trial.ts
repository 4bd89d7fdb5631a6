/** The findings of a trial as they are shown: what is marked secret is masked. */
import type { Outcome } from "../outcome.ts";
import { concealedValue } from "../redaction/conceal.ts";
import type { Marks } from "../redaction/marks.ts";
import type { Redaction } from "../redaction/redaction.ts";
import type { Secrets } from "../redaction/secrets.ts";
import { hideInOutput } from "../store/shown/words.ts";
import type { RowChange, TrialChanges, TrialRow } from "../store/trial.ts";
import { parseExactly } from "../values/exact-json.ts";
import { sayableOutcome, secretsIn } from "./sayable.ts";
import type { Trial, TrialEnd } from "./trial.ts";

export function shownTrial({ task }: Trial, end: TrialEnd, redaction: Redaction): TrialEnd {
  const marks = redaction.of(task.model, task.method);
  const { changes, outcome, output } = end;
  const pushed = changes && changes.pushed.map((one) => redaction.conceal(one));
  const whole = changes && pushed && { ...changes, pushed };
  const secrets = secretsIn(task, redaction);
  if (marks === null || secrets === null) return { ...end, changes: whole };
  const said = sayableOutcome(outcome, task, redaction);
  return {
    ...end,
    outcome: withResult(said, marks, secrets),
    changes: whole && withRows(whole, marks, secrets),
    output: hideInOutput(output, secrets),
  };
}

function withResult(outcome: Outcome, marks: Marks, secrets: Secrets): Outcome {
  if (outcome.kind !== "finished" || outcome.result === null) return outcome;
  const result = concealedValue(parseExactly(outcome.result), marks, secrets);
  return { ...outcome, result: JSON.stringify(result) };
}

function withRows(changes: TrialChanges, marks: Marks, secrets: Secrets): TrialChanges {
  const shown = (row: TrialRow | null) => row && (concealedValue(row, marks, secrets) as TrialRow);
  const rows: RowChange[] = changes.rows.map((change) => ({
    ...change,
    before: shown(change.before),
    after: shown(change.after),
  }));
  return { ...changes, rows };
}
