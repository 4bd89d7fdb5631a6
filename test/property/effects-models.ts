/** What the tasks of effects.test.ts do: small programs of changes that are kept or undone together. */
import {
  Cancel,
  ModelSQL,
  type Queue,
  Retry,
  Snooze,
  type TaskPolicies,
  Transaction,
  currentTask,
  v,
} from "tq";

/** A piece of a task that is kept as a whole, or not at all. */
export interface Part {
  readonly moves: readonly Move[];
  /** Tasks that it pushes, with or without waiting for the push. */
  readonly pushes: readonly { readonly task: Program; readonly loose: boolean }[];
  /** Takes its thread down, the first time. */
  readonly crashes: boolean;
  /** What comes at its end. `stumble`, `retry` and `snooze` come once, and then the part is kept. */
  readonly end: "commit" | "throw" | "cancel" | "stumble" | "retry" | "snooze";
}

/** How often a task may stumble, unless its push says more. */
export const ATTEMPTS = 3;

/** Another run would throw it again, so its policy tries none. */
class FinalError extends Error {
  override readonly name = "FinalError";
}

/** Takes from one account and gives to another. */
export interface Move {
  readonly from: number;
  readonly to: number;
  readonly amount: number;
  /** Between reading and saving. */
  readonly wait: "no" | "microtask" | "timer";
  /** Reads under the lock. */
  readonly lock: boolean;
  /** Takes the records that an earlier move has read. */
  readonly reuse: boolean;
  /** Goes on as if nothing had happened when the save is refused. */
  readonly swallow: boolean;
}

export interface Program {
  /** Names its parts and itself. */
  readonly key: string;
  readonly parts: readonly Part[];
}

/**
 * A part that was kept: who runs again after it goes on behind it.
 * @public the worker finds it
 */
export class Stamp extends ModelSQL("stamp", { key: v.string() }) {}

/** @public the worker finds it */
export class Account extends ModelSQL("account", { balance: v.number() }) {
  declare static readonly __queue__: Queue<typeof Account>;
  static readonly tasks: TaskPolicies<typeof Account> = {
    quick: { attempts: ATTEMPTS, backoff: "1ms", failOn: ["FinalError"] },
    perform: { attempts: ATTEMPTS, backoff: ["1ms", "2ms"], failOn: ["FinalError"] },
  };

  /** For programs without a timer: it is soon known as quick, and shares its transaction with others. */
  static async quick(accounts: Account[], program: Program): Promise<void> {
    await this.perform(accounts, program);
  }

  /** The records are the accounts that the moves name by their place. */
  static async perform(accounts: Account[], program: Program): Promise<void> {
    const ids = accounts.map(({ id }) => id);
    const read = new Map<number, Account>(); // records that an earlier move has read, by their ids
    for (const [place, part] of program.parts.entries()) {
      const key = `${program.key}/${place}`;
      if ((await Stamp.search([["key", "=", key]])).length > 0) continue;
      await new Stamp({ key }).save();
      for (const move of part.moves) await transfer(ids, read, move);
      if (part.crashes && currentTask()?.attempt === 1) process.exit(3);
      for (const { task, loose } of part.pushes) {
        const pushed = Account.__queue__[methodOf(task)](ids as never, task);
        if (!loose) await pushed;
      }
      await end(part, program.parts.slice(0, place));
      if (place < program.parts.length - 1) await Transaction.current.commit();
    }
  }
}

const STANDING = "SELECT failures, snoozes FROM tq_tasks WHERE id = ?1";

/** @param before the parts that the task has kept. */
async function end(part: Part, before: readonly Part[]): Promise<void> {
  const { sql } = Transaction.current;
  const [row] = await sql.unsafe<Standing>(STANDING, [currentTask()?.id ?? 0]);
  const [failures, snoozes] = [row?.failures ?? 0, row?.snoozes ?? 0];
  const stumbles = before.filter((one) => one.end === "stumble" || one.end === "retry").length;
  const puts = before.filter((one) => one.end === "snooze").length;
  switch (part.end) {
    case "throw":
      throw new FinalError("as the program says");
    case "cancel":
      throw new Cancel("as the program says");
    case "stumble":
      if (failures <= stumbles) throw new Error("once, as the program says");
      break;
    case "retry":
      if (failures <= stumbles) throw new Retry("1ms", "once, as the program says");
      break;
    case "snooze":
      if (snoozes <= puts) throw new Snooze("1ms", "once, as the program says");
      break;
    case "commit":
  }
}

interface Standing {
  readonly failures: number;
  readonly snoozes: number;
}

export function methodOf({ parts }: Program): "quick" | "perform" {
  const waits = parts.some(({ moves }) => moves.some(({ wait }) => wait === "timer"));
  return waits ? "perform" : "quick";
}

type Read = Map<number, Account>;

async function transfer(ids: readonly number[], read: Read, move: Move): Promise<void> {
  const wanted = [...new Set([ids[move.from] ?? 0, ids[move.to] ?? 0])];
  if (!move.reuse || wanted.some((id) => !read.has(id))) {
    for (const record of await Account.browse<typeof Account>(wanted)) read.set(record.id, record);
  }
  const records = wanted.flatMap((id) => read.get(id) ?? []);
  if (move.lock) await Account.lock<typeof Account>(records);
  if (move.wait === "microtask") await Promise.resolve();
  if (move.wait === "timer") await new Promise((resolve) => setTimeout(resolve, 1));
  const [from, to = from] = records;
  if (!from || !to) throw new Error("An account is missing");
  from.balance -= move.amount;
  to.balance += move.amount;
  try {
    await Account.save<typeof Account>(records);
  } catch (error) {
    if (!move.swallow) throw error;
  }
}
