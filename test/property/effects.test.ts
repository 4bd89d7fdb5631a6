/**
 * Random tasks in a real worker, several at once on the same rows: in the end every row is as if they had run
 * one after another, each kept part of each task once.
 */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseSettings } from "../../src/settings/config.ts";
import type { Event } from "../../src/log/events.ts";
import { WorkerProcess } from "../../src/worker/worker.ts";
import { type Move, type Part, type Program, methodOf } from "./effects-models.ts";
import { PATIENCE, holds, tempFolder } from "./support.ts";
import { newTask } from "../support/store.ts";

const ACCOUNTS = 3;
const INITIAL = 100;

// The programs

type Draft = Omit<Part, "pushes"> & {
  readonly pushes: readonly { readonly task: readonly Draft[]; readonly loose: boolean }[];
};

const rarely = (times: number) => fc.nat(times).map((chance) => chance === 1);

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
      end: rarely(7).map((throws) => (throws ? "throw" : "commit")),
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

// What must come of them

class Oracle {
  readonly balances = Array.from({ length: ACCOUNTS }, () => INITIAL);
  readonly stamps: string[] = [];
  readonly states = new Map<string, string>();

  /** One task after another; of each what came before its throw. */
  perform({ key, parts }: Program): void {
    this.states.set(key, "finished");
    for (const [place, part] of parts.entries()) {
      if (part.end === "throw") {
        this.states.set(key, "failed");
        return;
      }
      this.stamps.push(`${key}/${place}`);
      for (const { from, to, amount } of part.moves) {
        // One record twice is one object: what it takes from itself it gives to itself.
        this.balances[from] = (this.balances[from] ?? 0) - amount;
        this.balances[to] = (this.balances[to] ?? 0) + amount;
      }
      for (const push of part.pushes) this.perform(push.task);
    }
  }
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
  look = new Database(path, { readwrite: true });
  look.run("PRAGMA busy_timeout = 5000");
}, 30_000);

afterAll(async () => {
  await worker.stop();
  look.close();
  folder[Symbol.dispose]();
}, 30_000);

/** Each in a transaction of its own, all at once. */
async function pushAll(list: readonly Program[], queue: string, instances: readonly number[]) {
  const context = JSON.stringify({ queue_name: queue });
  const tasks = list.map((program) => {
    const [method, args] = [methodOf(program), JSON.stringify([program])];
    return newTask({ model: "account", context, method, queue, instances, args });
  });
  await Promise.all(tasks.map((one) => worker.store.push([one])));
}

const LEFT = "SELECT id, state, reason FROM tq_tasks WHERE finished_at IS NULL";

/** Until the worker has nothing left; a task that is stuck is named. */
async function settled(deadline = 20_000): Promise<void> {
  const end = performance.now() + deadline;
  for (let left = look.query(LEFT).all(); left.length > 0; left = look.query(LEFT).all()) {
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
const STATES = "SELECT json_extract(args, '$[0].key') AS key, state FROM tq_tasks ORDER BY id";

async function tryOut(list: readonly Program[]): Promise<void> {
  const oracle = new Oracle();
  for (const program of list) oracle.perform(program);

  look.run("DELETE FROM stamp");
  look.run("DELETE FROM tq__task");
  const accounts = openAccounts();
  await pushAll(list, "default", accounts);
  await settled();

  const states = look.query(STATES).values() as [string, string][];
  expect(states).toHaveLength(oracle.states.size);
  expect(new Map(states)).toEqual(oracle.states);
  const stamps = (look.query("SELECT key FROM stamp").values() as [string][]).flat();
  expect(stamps.toSorted()).toEqual(oracle.stamps.toSorted());
  const balances = look.query(BALANCES).values(JSON.stringify(accounts)) as [number][];
  expect(balances.flat()).toEqual(oracle.balances);
  expect(balances.flat().reduce((sum, one) => sum + one)).toBe(ACCOUNTS * INITIAL);
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
