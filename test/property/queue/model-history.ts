/** The history in the model of a queue: runs that did not finish their tasks, errors, and what runs have said. */
import type { AttemptOutcome } from "../../../src/task.ts";
import type { ModelError, ModelTask } from "./model-task.ts";

/** Named as the columns of the table, to be compared with them. */
interface ModelRun {
  readonly task: number;
  readonly number: number;
  readonly due_at: number;
  readonly started_at: number | null;
  readonly ended_at: number;
  readonly outcome: AttemptOutcome;
  readonly reason: string | null;
  readonly worker: string | null;
  readonly thread: number | null;
}

interface ModelOutput {
  readonly task: number;
  readonly attempt: number;
  text: string;
}

/** A task keeps the words of so many of its last runs. */
const MOST_OUTPUTS = 20;

export class ModelHistory {
  errors: ModelError[] = [];
  runs: ModelRun[] = [];
  outputs: ModelOutput[] = [];

  copy(): ModelHistory {
    const copy = new ModelHistory();
    copy.errors = this.errors.map((error) => ({ ...error }));
    copy.runs = [...this.runs];
    copy.outputs = this.outputs.map((output) => ({ ...output }));
    return copy;
  }

  /** The run that finished a task; call it before the task is retried by hand. */
  recordFinished(task: ModelTask): void {
    const { attempts, finished_at, reason } = task;
    this.record({ ...task, attempts: attempts - 1 }, "finished", reason, finished_at ?? 0);
  }

  /** Call it before the task changes. @param reason null where the error says it */
  record(task: ModelTask, outcome: AttemptOutcome, reason: string | null, now: number): void {
    const { id, attempts, scheduled_at, enqueued_at, dequeued_at, worker, thread } = task;
    const ends = this.runs.filter((run) => run.task === id).map((run) => run.ended_at);
    this.runs.push({
      task: id,
      number: attempts + 1,
      due_at: Math.max(scheduled_at ?? enqueued_at, 0, ...ends),
      started_at: dequeued_at,
      ended_at: now,
      outcome,
      reason,
      worker,
      thread,
    });
  }

  /** Call it after the attempt was counted. */
  recordError({ id, attempts }: ModelTask, message: string): void {
    const error = this.errors.find((one) => one.task === id && one.message === message);
    if (error) Object.assign(error, { attempt: attempts, count: error.count + 1 });
    else this.errors.push({ task: id, message, attempt: attempts, count: 1 });
  }

  say(task: number, attempt: number, text: string): void {
    const output = this.outputs.find((one) => one.task === task && one.attempt === attempt);
    if (output) output.text += text;
    else this.outputs.push({ task, attempt, text });
    const isOld = (one: ModelOutput) => one.task === task && one.attempt <= attempt - MOST_OUTPUTS;
    this.outputs = this.outputs.filter((one) => !isOld(one));
  }

  remove(id: number): void {
    this.errors = this.errors.filter(({ task }) => task !== id);
    this.runs = this.runs.filter(({ task }) => task !== id);
    this.outputs = this.outputs.filter(({ task }) => task !== id);
  }
}
