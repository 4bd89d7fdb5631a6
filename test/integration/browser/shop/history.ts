/** Fills a database with what a shop has done in the last hour: its tasks and its statistics. */
import { SeriesCounts } from "../../../../src/statistics/counts.ts";
import { SqliteStore } from "../../../../src/sqlite/store.ts";
import type { NewTask } from "../../../../src/task.ts";
import { FUNCTION_METHOD } from "../../../../src/task.ts";

const MINUTE = 60_000;

interface Kind {
  readonly queue: string;
  readonly model: string;
  readonly method: string;
  readonly args: readonly unknown[];
  /** How many a minute, on average. */
  readonly rate: number;
  /** How long it runs, in ms. */
  readonly run: number;
  /** Of so many one fails. */
  readonly failsOneOf: number;
  readonly error: { readonly name: string; readonly message: string };
}

const at = (queue: string, model: string, method = FUNCTION_METHOD) => ({ queue, model, method });

const MAILBOX = { name: "SmtpError", message: "552 5.2.2 The mailbox of info@hof.example is full" };
const CARRIER = { name: "Error", message: "The express service answers 503 Service Unavailable" };
const PAPER = { name: "PrinterError", message: "The printer in the packing room has no paper" };
const PRICES = { name: "SyntaxError", message: "prices.csv, line 218: the column EAN is empty" };

const KINDS: readonly Kind[] = [
  {
    ...at("mail", "invoice", "send"),
    args: ["info@hof.example"],
    rate: 3,
    run: 180,
    failsOneOf: 40,
    error: MAILBOX,
  },
  {
    ...at("default", "invoice", "archive"),
    args: [],
    rate: 3,
    run: 40,
    failsOneOf: Infinity,
    error: MAILBOX,
  },
  {
    ...at("shipping", "parcel", "announce"),
    args: ["express"],
    rate: 2,
    run: 420,
    failsOneOf: 18,
    error: CARRIER,
  },
  {
    ...at("shipping", "parcel", "track"),
    args: [],
    rate: 4,
    run: 90,
    failsOneOf: Infinity,
    error: CARRIER,
  },
  {
    ...at("labels", "print_labels"),
    args: [12],
    rate: 0.4,
    run: 9_000,
    failsOneOf: 12,
    error: PAPER,
  },
  {
    ...at("import", "import_prices"),
    args: ["Musterhaus"],
    rate: 0.05,
    run: 21_000,
    failsOneOf: 3,
    error: PRICES,
  },
];

/** The same numbers in each run. */
function dice(): () => number {
  let state = 42;
  return () => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32;
}

/** @param path of the database, which is made. */
export async function fillHistory(path: string, end: number): Promise<void> {
  let now = end - 60 * MINUTE;
  const clock = { now: () => now, monotonic: () => now };
  const store = new SqliteStore({ path, clock });
  const roll = dice();
  const owner = { worker: "history", thread: 1 };
  await store.register({ id: owner.worker, pid: process.pid, threads: 1, queues: [] });
  for (let minute = 0; minute < 60; minute++) {
    const started = end - (60 - minute) * MINUTE;
    const busy = 0.6 + 0.5 * Math.sin(minute / 9) + (minute > 34 && minute < 42 ? 1.6 : 0);
    const due = KINDS.flatMap((kind) =>
      Array.from({ length: Math.floor(kind.rate * busy + roll()) }, () => kind),
    );
    const counts = new SeriesCounts();
    for (const [index, kind] of due.entries()) {
      now = started + Math.floor((index / due.length) * 50_000);
      await store.push([taskOf(kind, Math.floor(1_000 + roll() * 9_000))]);
      const wait = Math.floor(4 + roll() * 20 * busy * (busy > 1.5 ? 40 : 1));
      now += wait;
      const run = Math.floor(kind.run * (0.5 + roll()));
      const isFailed = roll() * kind.failsOneOf < 1;
      await store.write(async (session) => {
        const [claim] = await session.claim({ owner, queues: [], limit: 1 });
        now += run;
        if (!claim) throw new Error("a task that was pushed can be claimed");
        const stack = `${kind.error.name}: ${kind.error.message}\n    at ${kind.method} (models.ts:14:11)`;
        await session.settle(
          claim,
          isFailed
            ? { kind: "failed", error: { ...kind.error, stack } }
            : { kind: "finished", result: JSON.stringify("done"), reason: null },
        );
      });
      const { ends, measures } = counts.of(kind);
      ends[isFailed ? "failed" : "finished"] += 1;
      measures.wait.add(wait);
      measures.run.add(run);
      measures.late_start.add(wait);
      measures.late_end.add(wait + run);
    }
    await store.statistics.add({ worker: owner.worker, number: minute, at: started, counts });
  }
  await store.unregister(owner.worker);
  await store.close();
}

function taskOf({ queue, model, method, args }: Kind, record: number): NewTask {
  return {
    queue,
    model,
    method,
    args: JSON.stringify(args),
    instances: method === FUNCTION_METHOD ? [] : record,
    context: JSON.stringify({ language: "de" }),
    user: 3,
    priority: 0,
    scheduledAt: null,
    expectedAt: null,
    expiresAt: null,
    ref: null,
    policy: null,
  };
}
