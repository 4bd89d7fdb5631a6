/** Cancels and retries tasks by hand, in the current transaction where there is one. */
import { TqError } from "../errors.ts";
import { type Soon, soon } from "../soon.ts";
import type { ManyMove } from "../store/looking.ts";
import type { Task } from "../task.ts";
import { currentTask, currentTaskUnit } from "../transaction/current-task.ts";
import type { Runtime } from "../transaction/runtime.ts";
import { inUnit, runPushed, runsHere, Transaction } from "../transaction/transaction.ts";
import type { Unit } from "../transaction/unit.ts";
import { text } from "../values/option-kinds.ts";
import { type TaskFilter, readFilter } from "./filter.ts";
import { moveAll } from "./many.ts";
import { MOVED_FROM } from "./moved-from.ts";
import { readId } from "./wait-options.ts";

const REASON = text("why the task is cancelled");

export async function cancelTask(of: Runtime, given: number, reason?: string): Promise<Task> {
  const id = readId(given, "cancel");
  const why =
    reason === undefined ? reason : REASON.read(reason, `Cannot cancel task ${id}: reason`);
  if (currentTask()?.id === id) throw ownTask(id, "cancel", 'throw new Cancel("…")');
  return move(
    of,
    (unit) => unit.session.cancel(id, why),
    () => of.store.cancel(id, why),
  );
}

export async function retryTask(of: Runtime, given: number): Promise<Task> {
  const id = readId(given, "retry");
  if (currentTask()?.id === id) throw ownTask(id, "retry", "throw new Retry()");
  return move(
    of,
    async (unit) => {
      const task = await unit.session.retry(id);
      unit.noteReady([id]);
      return task;
    },
    async () => {
      const task = await of.store.retry(id);
      if (!(await runsHere(of))) return task;
      await runPushed(of, [id]);
      return (await of.store.get(id)) ?? task;
    },
  );
}

export async function cancelMatching(
  of: Runtime,
  filter: TaskFilter,
  reason?: string,
): Promise<number> {
  const why =
    reason === undefined ? {} : { reason: REASON.read(reason, "Cannot cancel tasks: reason") };
  return moveMatching(of, { kind: "cancel", ...why }, filter);
}

export async function retryMatching(of: Runtime, filter: TaskFilter): Promise<number> {
  return moveMatching(of, { kind: "retry" }, filter);
}

/** Not in a transaction: it would keep the write lock for as long as all slices take. */
async function moveMatching(
  of: Runtime,
  move: Extract<ManyMove, { readonly kind: "cancel" | "retry" }>,
  filter: TaskFilter,
): Promise<number> {
  const verb = move.kind;
  const read = readFilter(filter, verb, of.store.now());
  if (read.states === undefined || read.limit !== undefined) {
    const why = read.states === undefined ? "say their states" : "a limit is for lists";
    throw new TqError("invalid", `Cannot ${verb} tasks: ${why}, such as { states: ["failed"] }`);
  }
  const from = MOVED_FROM[verb];
  const wrong = read.states.find((state) => !from.includes(state));
  if (wrong !== undefined) {
    const why = `${from.join(", ")} are the states that it takes`;
    throw new TqError("invalid", `Cannot ${verb} tasks that are ${wrong}: ${why}`);
  }
  const isInside = Transaction.currentIfAny ?? currentTaskUnit();
  if (isInside?.runtime.store !== of.store) return moveAll(of.store, move, read);
  const why = "many tasks are moved in slices, each in a transaction of its own; do it outside";
  throw new TqError("conflict", `Cannot ${verb} tasks in a transaction: ${why}`);
}

/** A run outside any transaction moves a task in a new one, which commits only while the claim of the run holds. */
export function move<T = Task>(
  of: Runtime,
  inside: (unit: Unit) => Promise<T>,
  outside: () => Promise<T>,
): Promise<T> {
  const current = Transaction.currentIfAny;
  const inTransaction = () => inUnit((unit): Soon<T> => soon(unit.begin(), () => inside(unit)));
  if (current?.runtime.store === of.store) return inTransaction();
  if (!current && currentTaskUnit()?.runtime.store === of.store) {
    return Transaction.start({}, inTransaction);
  }
  return outside();
}

function ownTask(id: number, verb: string, instead: string): TqError {
  return new TqError(
    "conflict",
    `Cannot ${verb} task ${id} inside itself; ${instead} in its method`,
  );
}
