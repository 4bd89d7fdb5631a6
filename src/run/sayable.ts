/** Masks the words of a task that quote its secrets, for the log and the listeners of a worker. */
import type { Redaction } from "../redaction/redaction.ts";
import type { Secrets } from "../redaction/secrets.ts";
import type { ErrorData, Outcome } from "../outcome.ts";
import { hideInError } from "../store/shown/words.ts";
import type { ClaimedTask } from "../task.ts";
import { parseExactly } from "../values/exact-json.ts";

type Call = Pick<ClaimedTask, "model" | "method" | "args" | "context">;

const found = new WeakMap<Call, Secrets>();

/** null: nothing of the task is secret. */
export function secretsIn(task: Call, redaction: Redaction): Secrets | null {
  if (redaction.of(task.model, task.method) === null) return null;
  let secrets = found.get(task);
  if (!secrets) {
    const { args, context } = task;
    const call = { ...task, args: parsed(args), context: parsed(context) };
    found.set(task, (secrets = redaction.secretsOf(call)));
  }
  return secrets;
}

/** Plain SQL may have stored what is no JSON. */
function parsed(text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    return text;
  }
}

export function sayable(words: string, task: Call, redaction: Redaction): string {
  return secretsIn(task, redaction)?.hideIn(words) ?? words;
}

export function sayableError(error: ErrorData, task: Call, redaction: Redaction): ErrorData {
  const secrets = secretsIn(task, redaction);
  return secrets === null ? error : hideInError(error, secrets);
}

export function sayableOutcome(outcome: Outcome, task: Call, redaction: Redaction): Outcome {
  if ("error" in outcome) {
    return { ...outcome, error: sayableError(outcome.error, task, redaction) };
  }
  if (outcome.reason === null) return outcome;
  return { ...outcome, reason: sayable(outcome.reason, task, redaction) };
}
