/** Errands of a torture: transfers whose plans say how their runs end before the one that makes the transfer. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import {
  Cancel,
  currentTask,
  Model,
  Retry,
  Snooze,
  task,
  tasks,
  type TaskPolicies,
  Transaction,
  UserError,
} from "tq";
import { Account, Ledger } from "./accounts.mts";

/** An errand does this; the check reads it among the arguments of the task. */
export interface Plan {
  /**
   * How its first runs end. They throw an error (`throw`), one for a person (`person`), `Retry`, `Snooze` or `Cancel`;
   * they exceed their time and obey their signal (`overrun`), or do not and loop (`hang`). `say` writes much; `plain`
   * and `expire` make the transfer at once.
   */
  readonly kind: (typeof KINDS)[number];
  /** So many runs end so; the next one makes the transfer. */
  readonly times: number;
  /** They end so after they have made the transfer, which is undone. */
  readonly late: boolean;
  /** How many runs may fail. */
  readonly attempts: number;
  /** The least ms from the end of a run that ends so to the next one. */
  readonly wait: number;
  /** How the task ends; null: it depends. */
  readonly end: "finished" | "failed" | "cancelled" | null;
}

export const KINDS = [
  "throw",
  "person",
  "retry",
  "snooze",
  "cancel",
  "overrun",
  "hang",
  "say",
  "plain",
  "expire",
] as const;

export const RETRY_MS = 15;
/** The shortest that there is. */
export const SNOOZE_MS = 1_000;

type Call = readonly [from: number, to: number, plan: Plan, amount: number];

export class Errand extends Model {
  static override readonly __name__ = "torture.errand";
  static readonly tasks: TaskPolicies<typeof Errand> = {
    run: { attempts: 3, backoff: "20ms" },
    runInTime: { attempts: 10, backoff: ["10ms", "30ms"], timeout: "300ms" },
    runOutside: {
      attempts: 3,
      backoff: { kind: "exponential", first: "10ms", longest: "50ms", jitter: 0 },
      transaction: false,
    },
  };

  static run(_errands: Errand[], ...call: Call): Promise<void> {
    return perform(...call);
  }

  static runInTime(_errands: Errand[], ...call: Call): Promise<void> {
    return perform(...call);
  }

  /** Its transactions are its own: what a run has committed stays, so the next one looks for it. */
  static async runOutside(_errands: Errand[], ...[from, to, plan, amount]: Call): Promise<void> {
    const accounts = await Transaction.start({}, () => Account.browse([from, to]));
    const isLast = await Transaction.start({}, async () => {
      await Account.lock(accounts);
      const made = await Ledger.search([["task", "=", currentTask()?.id ?? 0]], { limit: 1 });
      if (made.length === 0) await transfer(from, to, amount);
      return hasDoneAll(plan);
    });
    if (!isLast) await endBadly(plan);
    tell("finished");
  }
}

/** Its policy is in tq.toml. */
export const errand = task("torture_errand", (...call: Call) => perform(...call));

async function perform(from: number, to: number, plan: Plan, amount: number): Promise<void> {
  const isLast = await hasDoneAll(plan);
  if (isLast || plan.late) await transfer(from, to, amount);
  if (!isLast) await endBadly(plan);
  if (plan.kind === "say") say(plan.times);
  tell("finished");
}

async function transfer(from: number, to: number, amount: number): Promise<void> {
  const [source] = await Account.browse([from]);
  if (!source) throw new Error(`There is no account ${from}`);
  await source.transfer(to, amount);
}

/** Asks the database, as runs that were killed have left no trace in it. */
async function hasDoneAll({ kind, times }: Plan): Promise<boolean> {
  if (kind === "say") return true;
  if (kind === "overrun" || kind === "hang") return (await failuresWithoutLock()) >= times;
  const [row] = await Transaction.current.sql<{ failures: number; snoozes: number }>`
    SELECT failures, snoozes FROM tq_tasks WHERE id = ${currentTask()?.id ?? 0}`;
  if (!row) throw new Error("The task of this run is gone");
  return (kind === "snooze" ? row.snoozes : row.failures) >= times;
}

/** SQL of a method takes the write lock: a run that exceeds its time would be ended for that first. */
async function failuresWithoutLock(): Promise<number> {
  const found = await tasks.get(currentTask()?.id ?? 0);
  if (!found) throw new Error("The task of this run is gone");
  return found.failures;
}

async function endBadly({ kind }: Plan): Promise<void> {
  switch (kind) {
    case "throw":
      tell("failed");
      throw new Error("as planned");
    case "person":
      tell("failed");
      throw new UserError("as planned, for a person");
    case "retry":
      tell("failed");
      throw new Retry(`${RETRY_MS}ms`, "as planned");
    case "snooze":
      tell("snoozed");
      throw new Snooze(`${SNOOZE_MS}ms`, "as planned");
    case "cancel":
      tell("cancelled");
      throw new Cancel("as planned");
    case "overrun":
      await aborted();
      break;
    case "hang":
      for (;;);
    case "say":
    case "plain":
    case "expire": // all runs make the transfer
  }
}

/** Resolves when the signal of the run aborts. */
function aborted(): Promise<unknown> {
  const signal = currentTask()?.signal;
  return new Promise((resolve) => signal?.addEventListener("abort", resolve));
}

/** @param lines most of them short; of many, some are cut. */
function say(lines: number): void {
  const current = currentTask();
  const text = lines > 100 ? "a line ".repeat(400) : "a line";
  for (let line = 1; line <= lines; line++) {
    current?.log(text, line);
    current?.progress(line, lines);
  }
  current?.log("the last line of run", current.attempt);
}

const DEEDS = join(import.meta.dirname, "../deeds.txt");

/** Notes how this run is about to end, outside the database, where it stays when the run is undone. */
function tell(outcome: "finished" | "failed" | "snoozed" | "cancelled"): void {
  const current = currentTask();
  appendFileSync(DEEDS, `${current?.id} ${current?.attempt} ${outcome}\n`);
}
