/** Masks the secrets in what is shown of a task besides itself. */
import { concealedValue } from "../../redaction/conceal.ts";
import type { Redaction } from "../../redaction/redaction.ts";
import type { Secrets } from "../../redaction/secrets.ts";
import type { Task } from "../../task.ts";
import { parseExactly } from "../../values/exact-json.ts";
import type { Standing } from "../looking.ts";
import type { Situation } from "../situation.ts";
import type { RunOutput, TaskProgress } from "../task-output.ts";

export function hideReason<T extends { readonly reason: string | null }>(
  of: T,
  secrets: Secrets,
): T {
  return { ...of, reason: hidden(of.reason, secrets) };
}

/** An error, or a run, which may have met none. */
interface Worded {
  readonly name: string | null;
  readonly code?: string | number | null;
  readonly message: string | null;
  readonly stack: string | null;
}

export function hideInError<T extends Worded>(error: T, secrets: Secrets): T {
  const { name, code = null, message, stack } = error;
  const shown = {
    ...error,
    name: hidden(name, secrets),
    message: hidden(message, secrets),
    stack: hidden(stack, secrets),
  };
  return code === null ? shown : { ...shown, code: hiddenCode(code, secrets) };
}

function hiddenCode(code: string | number, secrets: Secrets): string | number {
  const text = String(code);
  const shown = secrets.hideIn(text);
  return shown === text ? code : shown;
}

export function hideProgress<T extends { readonly progress: TaskProgress | null }>(
  of: T,
  secrets: Secrets,
): T {
  const { progress } = of;
  if (progress === null) return of;
  return { ...of, progress: { ...progress, text: hidden(progress.text, secrets) } };
}

export function hideInOutput(run: RunOutput, secrets: Secrets): RunOutput {
  const lines = run.lines.map((line) => ({ ...line, text: secrets.hideIn(line.text) }));
  return { ...hideProgress(run, secrets), lines };
}

export function hideInStanding(standing: Standing, task: Task, redaction: Redaction): Standing {
  const marks = redaction.of(task.model, task.method);
  if (marks === null) return standing;
  const secrets = redaction.secretsOf(task);
  const { result } = standing;
  const shown = hideProgress(hideReason(standing, secrets), secrets);
  if (result === null) return shown;
  return { ...shown, result: JSON.stringify(concealedValue(parseExactly(result), marks, secrets)) };
}

export function hideInSituation(situation: Situation, redaction: Redaction): Situation {
  const { task, run } = situation;
  const secrets = redaction.secretsOf(task);
  const shown = { ...situation, task: redaction.conceal(task) };
  if (run === null || secrets.areNone) return shown;
  const { lastLine } = run;
  const last = lastLine && { ...lastLine, text: secrets.hideIn(lastLine.text) };
  return { ...shown, run: { ...hideProgress(run, secrets), lastLine: last } };
}

function hidden(words: string, secrets: Secrets): string;
function hidden(words: string | null, secrets: Secrets): string | null;
function hidden(words: string | null, secrets: Secrets): string | null {
  return words === null ? null : secrets.hideIn(words);
}
