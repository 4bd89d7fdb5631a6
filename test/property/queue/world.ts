/** Both sides of a run, the model and the store, and how a move is made on both. */
import type { Database } from "bun:sqlite";
import { expect } from "bun:test";
import fc from "fast-check";
import type { TqError } from "../../../src/errors.ts";
import type { ErrorData } from "../../../src/outcome.ts";
import { SqliteStore } from "../../../src/sqlite/store.ts";
import type { Session } from "../../../src/store/session.ts";
import { type Claim, ENDED_STATES, type NewTask } from "../../../src/task.ts";
import { newTask } from "../../support/store.ts";
import type { ModelPush, ModelTask } from "./model-task.ts";
import type { QueueModel } from "./queue-model.ts";
import { compare } from "./compare.ts";

const QUEUES = ["default", "mail.in", "mail.out", "x"];

export const WANTED = [
  [],
  ["default"],
  ["x", "default"],
  ["mail.*"],
  ["?"],
  ["none"],
  ["*out", "x", "x"],
];

export const START = 1_700_000_000_000;

/** What the moves of one run are made on: the model's side. */
export interface World {
  queue: QueueModel;
  /** What is on disk while a transaction is open. */
  onDisk: QueueModel | null;
  atSavepoint: QueueModel | null;
}

/** The real side. */
export interface Real {
  readonly path: string;
  readonly clock: { now(): number; monotonic(): number };
  store: SqliteStore;
  boot: number;
  session: Session | null;
  /** Looks from outside, at what is committed. */
  readonly look: Database;
  readonly seen: Seen;
}

/** What was ever committed: ids and claims are not used twice, counts do not fall. */
export class Seen {
  #lastId = 0;
  readonly #rows = new Map<number, { claim: number; attempts: number; enqueued_at: number }>();

  check(rows: readonly ModelTask[]): void {
    for (const row of rows) {
      const before = this.#rows.get(row.id);
      if (before) {
        expect(row.claim).toBeGreaterThanOrEqual(before.claim);
        expect(row.attempts).toBeGreaterThanOrEqual(before.attempts);
        expect(row.enqueued_at).toBeLessThanOrEqual(before.enqueued_at); // a repair moves it back
      } else expect(row.id).toBeGreaterThan(this.#lastId);
      expect(row.claim).toBeGreaterThanOrEqual(row.attempts);
      const ended = (ENDED_STATES as readonly string[]).includes(row.state);
      expect(row.finished_at !== null).toBe(ended);
      expect(row.worker !== null).toBe(row.state === "running");
    }
    for (const row of rows) {
      this.#rows.set(row.id, row);
      this.#lastId = Math.max(this.#lastId, row.id);
    }
  }
}

export type Args = Readonly<Record<string, unknown>>;

/** One kind of move: what it takes, when it can be made, and how both sides make it. */
export function move<T extends Args>(
  name: string,
  args: fc.Arbitrary<T>,
  can: (world: World, args: T) => boolean,
  make: (world: World, real: Real, args: T) => Promise<void>,
): fc.Arbitrary<fc.AsyncCommand<World, Real>> {
  return args.map((values) => ({
    check: (world) => can(world, values),
    run: async (world, real) => {
      await make(world, real, values);
      await compare(world, real);
    },
    toString: () => `${name} ${JSON.stringify(values)}`,
  }));
}

export const always = () => true;

/** Moves of the store take a transaction of their own: with one open here they would wait for ever. */
export const outside = (world: World) => world.onDisk === null;

export const inside = (world: World) => world.onDisk !== null;

/** In the open transaction, or in one of its own. */
export function inSession<T>(real: Real, fn: (session: Session) => Promise<T>): Promise<T> {
  return real.session ? fn(real.session) : real.store.write(fn);
}

// What the moves take

/** In tens, so that times meet. */
export const time = fc.integer({ min: -5, max: 15 }).map((tens) => tens * 10);

const at = fc.option(time, { freq: 2 });

export const task = fc.record({
  queue: fc.constantFrom(...QUEUES),
  priority: fc.constantFrom(0, 0, 0, 5, -5),
  scheduled: at,
  expected: at,
  expires: at,
  ref: fc.option(fc.constantFrom("a", "b", "c"), { freq: 3 }),
});

export const owner = fc.record({ worker: fc.nat(3), thread: fc.integer({ min: 1, max: 2 }) });

/** Mostly a claim that holds; also old ones, one that is yet to come, and ones of other tasks. */
export const picked = fc.record({
  among: fc.constantFrom("running", "running", "suspects", "all"),
  task: fc.nat(30),
  behind: fc.constantFrom(0, 0, 0, 0, 0, 1, 2, -1),
});

export const message = fc.constantFrom("boom", "no disk");

type Picked = typeof picked extends fc.Arbitrary<infer T> ? T : never;

export function toClaim({ queue }: World, { among, task: index, behind }: Picked): Claim {
  const all = [...queue.tasks.values()];
  const wanted = all.filter(({ state, suspect }) => {
    return among === "running" ? state === "running" : among === "all" || suspect;
  });
  const pool = wanted.length > 0 ? wanted : all;
  const chosen = pool[index % (among === "all" ? pool.length + 1 : pool.length)]; // or none
  return { id: chosen?.id ?? 999, claim: (chosen?.claim ?? 1) - behind };
}

export function toOwner({ queue }: World, { worker, thread }: { worker: number; thread: number }) {
  const alive = [...queue.workers].filter(([, info]) => info.alive);
  const [id] = alive[worker % alive.length] ?? ["nobody"];
  return { worker: id, thread };
}

export function toPush(
  { queue }: World,
  { scheduled, expected, expires, ...rest }: Push,
): ModelPush {
  const later = (offset: number | null) => (offset === null ? null : queue.now + offset);
  return {
    ...rest,
    scheduledAt: later(scheduled),
    expectedAt: later(expected),
    expiresAt: later(expires),
  };
}

type Push = typeof task extends fc.Arbitrary<infer T> ? T : never;

export function toNewTask(push: ModelPush): NewTask {
  return newTask({ model: "m", method: "run", instances: [1], ...push });
}

export function toError(text: string): ErrorData {
  return { name: "Error", message: text, stack: null };
}

/** The code of a refusal; null when there was none. */
export async function refusal(promise: Promise<unknown>): Promise<string | null> {
  return promise.then(
    () => null,
    (error: TqError) => error.code,
  );
}

export function openStore({
  path,
  clock,
  boot,
}: Pick<Real, "path" | "clock" | "boot">): SqliteStore {
  return new SqliteStore({ path, clock, bootId: String(boot), durability: "normal" });
}
