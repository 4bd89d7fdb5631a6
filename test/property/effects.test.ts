/**
 * Random tasks in a real worker, several at once on the same rows: in the end every row is as if they had run
 * one after another, each kept part of each task once.
 */
import type { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { connect } from "../support/connect.ts";
import { parseSettings } from "../../src/settings/config.ts";
import type { Event } from "../../src/log/events.ts";
import { WorkerProcess } from "../../src/worker/worker.ts";
import { ATTEMPTS, type Move, type Part, type Program, methodOf } from "./effects-models.ts";
import { ACCOUNTS, type Ending, INITIAL, Oracle } from "./effects-oracle.ts";
import { PATIENCE, holds, tempFolder } from "./support.ts";
import { newTask } from "../support/store.ts";

// The programs

type Draft = Omit<Part, "pushes"> & {
  readonly pushes: readonly { readonly task: readonly Draft[]; readonly loose: boolean }[];
};

const rarely = (times: number) => fc.nat(times).map((chance) => chance === 1);

const OTHER_ENDS = fc.constantFrom<Part["end"][]>(
  ...(["throw", "cancel", "stumble", "stumble", "retry", "snooze"] as const),
);

/** @param waits between a move's reading and its saving */
function draft(waits: readonly Move["wait"][], crashes: fc.Arbitrary<boolean>) {
  const move = fc.record({
    from: fc.nat(ACCOUNTS - 1),
    to: fc.nat(ACCOUNTS - 1),
    amount: fc.integer({ min: 1, max: 9 }),
    wait: fc.constantFrom(...waits),
    lock: rarely(3),
    reuse: fc.boolean(),
    swallow: rarely(3),
  });
  return fc.letrec<{ task: Draft[]; part: Draft }>((tie) => ({
    task: fc.array(tie("part"), { minLength: 1, maxLength: 3, depthIdentifier: "task" }),
    part: fc.record({
      moves: fc.array(move, { maxLength: 3 }),
      pushes: fc.oneof(
        { depthSize: "small", depthIdentifier: "task" },
        fc.constant([]),
        fc.array(fc.record({ task: tie("task"), loose: fc.boolean() }), { maxLength: 2 }),
      ),
      crashes,
      end: fc.oneof({ weight: 5, arbitrary: fc.constant("commit" as const) }, OTHER_ENDS),
    }),
  })).task;
}

function named(key: string, parts: readonly Draft[]): Program {
  return {
    key,
    parts: parts.map((part, place) => ({
      ...part,
      pushes: part.pushes.map((push, index) => ({
        loose: push.loose,
        task: named(`${key}/${place}.${index}`, push.task),
      })),
    })),
  };
}

/** The tasks that a task pushes have the attempts of the model, which stumbles after a retry by hand use up. */
function withoutPushes(program: Program): Program {
  return { ...program, parts: program.parts.map((part) => ({ ...part, pushes: [] })) };
}

// The worker

const folder = tempFolder();
const path = `${folder.path}/tq.db`;
const events: Event[] = [];
let worker: WorkerProcess;
let look: Database;

beforeAll(async () => {
  const config = parseSettings(
    {
      database: { path, durability: "normal" },
      queue: { worker: true },
      worker: { threads: 2, max_crashes: 1_000 },
      log: { level: "warn" },
    },
    "the test",
    folder.path,
  );
  const models = [`${import.meta.dir}/effects-models.ts`];
  worker = new WorkerProcess({ config, models, report: (event) => events.push(event) });
  await worker.start();
  look = connect(path);
}, 30_000);

afterAll(async () => {
  await worker.stop();
  look.close();
  folder[Symbol.dispose]();
}, 30_000);

/** Each in a transaction of its own, all at once. */
async function pushAll(
  list: readonly Program[],
  queue: string,
  instances: readonly number[],
  attempts: number,
) {
  const policy = attempts === ATTEMPTS ? null : JSON.stringify({ attempts });
  const context = JSON.stringify({ queue_name: queue });
  const tasks = list.map((program) => {
    const [method, args] = [methodOf(program), JSON.stringify([program])];
    return newTask({ model: "account", context, method, queue, instances, args, policy });
  });
  await Promise.all(tasks.map((one) => worker.store.push([one])));
}

const LEFT = "SELECT id, state, reason FROM tq_tasks WHERE finished_at IS NULL";

/** Until the worker has nothing left; tasks that are stuck are named: none of them ends for so long. */
async function settled(patience = 20_000): Promise<void> {
  let [count, end] = [Infinity, 0];
  for (let left = look.query(LEFT).all(); left.length > 0; left = look.query(LEFT).all()) {
    if (left.length !== count) [count, end] = [left.length, performance.now() + patience];
    if (performance.now() > end) throw new Error(`Stuck: ${JSON.stringify(left)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function openAccounts(): number[] {
  const insert = look.query("INSERT INTO account (balance) VALUES (?)");
  return Array.from({ length: ACCOUNTS }, () => Number(insert.run(INITIAL).lastInsertRowid));
}

const BALANCES =
  "SELECT balance FROM account WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id";
const ENDINGS = `
  SELECT args ->> '$[0].key' AS key, state, failures, snoozes,
         (SELECT count(*) FROM tq_attempts WHERE task = id AND outcome = 'failed') AS failed,
         (SELECT count(*) FROM tq_attempts WHERE task = id AND outcome = 'snoozed') AS snoozed,
         attempts, (SELECT group_concat(number) FROM tq_attempts WHERE task = id) AS numbers
    FROM tq_tasks`;

interface EndingRow extends Ending {
  readonly key: string;
  /** Those of its runs that failed, and that asked for a later one. */
  readonly failed: number;
  readonly snoozed: number;
  readonly attempts: number;
  readonly numbers: string;
}

/** @param disturb called once the tasks are pushed, until all have ended; then what the tasks count depends on it. */
async function tryOut(
  list: readonly Program[],
  attempts = ATTEMPTS,
  disturb: (() => Promise<void>) | null = null,
): Promise<void> {
  const oracle = new Oracle(attempts);
  for (const program of list) oracle.perform(program);

  look.run("DELETE FROM stamp");
  for (const table of ["task", "attempt", "error", "output"]) look.run(`DELETE FROM tq__${table}`);
  const accounts = openAccounts();
  await pushAll(list, "default", accounts, attempts);
  await disturb?.();
  await settled();

  const rows = look.query(ENDINGS).all() as EndingRow[];
  expect(rows).toHaveLength(oracle.endings.size);
  for (const row of rows) expectEnding(row, oracle.endings.get(row.key), disturb !== null);
  const stamps = (look.query("SELECT key FROM stamp").values() as [string][]).flat();
  expect(stamps.toSorted()).toEqual(oracle.stamps.toSorted());
  const balances = look.query(BALANCES).values(JSON.stringify(accounts)) as [number][];
  expect(balances.flat()).toEqual(oracle.balances);
  expect(balances.flat().reduce((sum, one) => sum + one)).toBe(ACCOUNTS * INITIAL);
}

function expectEnding(row: EndingRow, expected: Ending | undefined, disturbed: boolean): void {
  const { key, state, failures, snoozes, failed, snoozed, attempts, numbers } = row;
  const runs = Array.from({ length: attempts }, (_, index) => index + 1).join();
  expect({ key, state, numbers }).toEqual({ key, state: expected?.state ?? "", numbers: runs });
  if (disturbed) return; // a retry by hand sets the counts back, and leaves the runs
  expect({ key, failures, snoozes }).toEqual({
    key,
    failures: expected?.failures ?? 0,
    snoozes: expected?.snoozes ?? 0,
  });
  expect({ key, failed, snoozed }).toEqual({ key, failed: failures, snoozed: snoozes });
}

/** Cancels tasks that have not finished, and retries them by hand, whatever they do. */
async function cancelAndRetry(picks: readonly number[]): Promise<void> {
  for (const pick of picks) {
    const ids = (look.query("SELECT id FROM tq_tasks").values() as [number][]).flat();
    const id = ids[pick % ids.length] ?? 0;
    const isCancelled = await worker.store.cancel(id).then(
      () => true,
      () => false,
    );
    const task = await worker.store.get(id);
    if (isCancelled || task?.state === "failed" || task?.state === "cancelled") {
      await worker.store.retry(id);
    }
  }
}

describe("what tasks do to the same rows at once", () => {
  test(
    "is done once, is undone as a whole, and nothing of it is lost",
    async () => {
      const tasks = fc.array(draft(["no", "no", "microtask", "timer"], rarely(200)), {
        minLength: 1,
        maxLength: 12,
      });
      await holds(4_000, [tasks], (drafts) =>
        tryOut(drafts.map((parts, index) => named(String(index), parts))),
      );
    },
    PATIENCE,
  );

  test(
    "is so too where tasks are cancelled and retried by hand while they run",
    async () => {
      const tasks = fc.array(draft(["no", "microtask", "timer"], rarely(200)), {
        minLength: 1,
        maxLength: 12,
      });
      const picks = fc.array(fc.nat(100), { maxLength: 10 });
      await holds(4_000, [tasks, picks], (drafts, chosen) =>
        tryOut(
          drafts.map((parts, index) => withoutPushes(named(String(index), parts))),
          1_000,
          () => cancelAndRetry(chosen),
        ),
      );
    },
    PATIENCE,
  );

  test(
    "is so too when they are quick, and share their transactions",
    async () => {
      const tasks = fc.array(draft(["no", "microtask"], fc.constant(false)), {
        minLength: 1,
        maxLength: 4,
      });
      await holds(4_000, [tasks, fc.integer({ min: 1, max: 40 })], (drafts, times) =>
        tryOut(
          Array.from({ length: times * drafts.length }, (_, index) =>
            named(String(index), drafts[index % drafts.length] ?? []),
          ),
        ),
      );
    },
    PATIENCE,
  );
});
