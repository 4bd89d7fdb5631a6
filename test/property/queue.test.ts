/**
 * The store beside a model of it, step by step: random moves, a clock that jumps both ways, deaths, reboots,
 * and transactions that are rolled back. `TQ_PROPERTY_RUNS=20000` makes it a long run.
 */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { TqError } from "../../src/errors.ts";
import type { ErrorData } from "../../src/outcome.ts";
import { SqliteStore } from "../../src/sqlite/store.ts";
import type { Session } from "../../src/store/session.ts";
import type { SqliteSession } from "../../src/sqlite/session.ts";
import { ENDED_STATES, type Claim, type NewTask } from "../../src/task.ts";
import { type ModelPush, type ModelTask, QueueModel } from "./queue-model.ts";
import { PATIENCE, holds, tempFolder } from "./support.ts";
import { dueOf, holds as stillHolds, newTask, readyOf } from "../support/store.ts";

const QUEUES = ["default", "mail.in", "mail.out", "x"];
const WANTED = [[], ["default"], ["x", "default"], ["mail.*"], ["?"], ["none"], ["*out", "x", "x"]];
const START = 1_700_000_000_000;

/** What the moves of one run are made on: the model's side. */
interface World {
  queue: QueueModel;
  /** What is on disk while a transaction is open. */
  onDisk: QueueModel | null;
  atSavepoint: QueueModel | null;
}

/** The real side. */
interface Real {
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
class Seen {
  #lastId = 0;
  readonly #rows = new Map<number, { claim: number; attempts: number; enqueued_at: number }>();

  check(rows: readonly ModelTask[]): void {
    for (const row of rows) {
      const before = this.#rows.get(row.id);
      if (before) {
        expect(row.claim).toBeGreaterThanOrEqual(before.claim);
        expect(row.attempts).toBeGreaterThanOrEqual(before.attempts);
        expect(row.enqueued_at).toBe(before.enqueued_at);
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

type Args = Readonly<Record<string, unknown>>;

/** One kind of move: what it takes, when it can be made, and how both sides make it. */
function move<T extends Args>(
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

const always = () => true;
/** Moves of the store take a transaction of their own: with one open here they would wait for ever. */
const outside = (world: World) => world.onDisk === null;
const inside = (world: World) => world.onDisk !== null;

/** In the open transaction, or in one of its own. */
function inSession<T>(real: Real, fn: (session: Session) => Promise<T>): Promise<T> {
  return real.session ? fn(real.session) : real.store.write(fn);
}

// What the moves take

/** In tens, so that times meet. */
const time = fc.integer({ min: -5, max: 15 }).map((tens) => tens * 10);
const at = fc.option(time, { freq: 2 });
const task = fc.record({
  queue: fc.constantFrom(...QUEUES),
  priority: fc.constantFrom(0, 0, 0, 5, -5),
  scheduled: at,
  expected: at,
  ref: fc.option(fc.constantFrom("a", "b", "c"), { freq: 3 }),
});
const owner = fc.record({ worker: fc.nat(3), thread: fc.integer({ min: 1, max: 2 }) });
/** Mostly a claim that holds; also old ones, one that is yet to come, and ones of other tasks. */
const picked = fc.record({
  among: fc.constantFrom("running", "running", "suspects", "all"),
  task: fc.nat(30),
  behind: fc.constantFrom(0, 0, 0, 0, 0, 1, 2, -1),
});
const message = fc.constantFrom("boom", "no disk");

type Picked = typeof picked extends fc.Arbitrary<infer T> ? T : never;

function toClaim({ queue }: World, { among, task: index, behind }: Picked): Claim {
  const all = [...queue.tasks.values()];
  const wanted = all.filter(({ state, suspect }) => {
    return among === "running" ? state === "running" : among === "all" || suspect;
  });
  const pool = wanted.length > 0 ? wanted : all;
  const chosen = pool[index % (among === "all" ? pool.length + 1 : pool.length)]; // or none
  return { id: chosen?.id ?? 999, claim: (chosen?.claim ?? 1) - behind };
}

function toOwner({ queue }: World, { worker, thread }: { worker: number; thread: number }) {
  const alive = [...queue.workers].filter(([, info]) => info.alive);
  const [id] = alive[worker % alive.length] ?? ["nobody"];
  return { worker: id, thread };
}

function toPush({ queue }: World, { scheduled, expected, ...rest }: Push): ModelPush {
  const later = (offset: number | null) => (offset === null ? null : queue.now + offset);
  return { ...rest, scheduledAt: later(scheduled), expectedAt: later(expected) };
}

type Push = typeof task extends fc.Arbitrary<infer T> ? T : never;

function toNewTask(push: ModelPush): NewTask {
  return newTask({ model: "m", method: "run", instances: [1], ...push });
}

function toError(text: string): ErrorData {
  return { name: "Error", message: text, stack: null };
}

/** The code of a refusal; null when there was none. */
async function refusal(promise: Promise<unknown>): Promise<string | null> {
  return promise.then(
    () => null,
    (error: TqError) => error.code,
  );
}

// The moves

const push = move(
  "push",
  fc.record({
    groups: fc.array(fc.array(task, { minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 2,
    }),
  }),
  always,
  async (world, real, { groups }) => {
    const lists = groups.map((group) => group.map((one) => toPush(world, one)));
    const { session, store } = real;
    const pushes: PromiseSettledResult<number[]>[] = [];
    if (session) {
      for (const list of lists) {
        pushes.push(...(await Promise.allSettled([session.push(list.map(toNewTask))])));
      }
    } else {
      // They arrive together, so they share a commit: the refusal of one is not the other's.
      pushes.push(
        ...(await Promise.allSettled(lists.map((list) => store.push(list.map(toNewTask))))),
      );
    }
    for (const [index, list] of lists.entries()) {
      const pushed = pushes[index];
      const accepted = world.queue.accepts(list);
      expect(pushed?.status).toBe(accepted ? "fulfilled" : "rejected");
      if (pushed?.status !== "fulfilled") continue;
      expect(pushed.value).toHaveLength(list.length);
      for (const [place, one] of list.entries()) world.queue.push(pushed.value[place] ?? 0, one);
    }
  },
);

const claim = move(
  "claim",
  fc.record({ owner, queues: fc.constantFrom(...WANTED), limit: fc.integer({ min: 1, max: 5 }) }),
  always,
  async (world, real, { owner: by, queues, limit }) => {
    const { worker, thread } = toOwner(world, by);
    const claimed = await inSession(real, (session) =>
      session.claim({ owner: { worker, thread }, queues, limit }),
    );
    const expected = world.queue.claim(worker, thread, queues, limit);
    expect(claimed.map(toLook)).toEqual(expected.map(toLookOfModel));
  },
);

const claimOne = move(
  "claim one",
  fc.record({ owner, pick: picked }),
  always,
  async (world, real, { owner: by, pick }) => {
    const { worker, thread } = toOwner(world, by);
    const { id } = toClaim(world, pick);
    const claimed = await inSession(real, (session) => session.claimOne(id, { worker, thread }));
    const expected = world.queue.claimOne(id, worker, thread);
    expect(claimed && toLook(claimed)).toEqual(expected && toLookOfModel(expected));
  },
);

/** What a claim hands out. */
function toLook(one: Awaited<ReturnType<Session["claim"]>>[number]) {
  const { id, claim: number, attempt, suspect, queue, priority, deadline } = one;
  return { id, claim: number, attempt, suspect, queue, priority, deadline };
}

function toLookOfModel({ id, claim: number, attempts, suspect, ...one }: ModelTask) {
  const { queue, priority, deadline } = one;
  const attempt = attempts + 1;
  return { id, claim: number, attempt, suspect: suspect === 1, queue, priority, deadline };
}

/** A move that ends a run: with a lost claim it says so, and changes nothing. */
function settle<T extends Args>(
  name: string,
  more: { [K in keyof T]: fc.Arbitrary<T[K]> },
  really: (session: Session, run: Claim, args: T) => Promise<boolean>,
  model: (queue: QueueModel, run: Claim, args: T) => boolean,
) {
  const args = fc.record({ pick: picked, more: fc.record(more) as unknown as fc.Arbitrary<T> });
  return move(name, args, always, async (world, real, { pick, more: values }) => {
    const run = toClaim(world, pick);
    const held = await inSession(real, (session) => stillHolds(session, run));
    expect(held).toBe(world.queue.holds(run) !== null);
    const kept = await inSession(real, (session) => really(session, run, values as T));
    expect(kept).toBe(held);
    expect(model(world.queue, run, values as T)).toBe(held);
  });
}

const finish = settle<{ result: string | null }>(
  "finish",
  { result: fc.constantFrom(null, "7") },
  (session, run, { result }) => session.settle(run, { kind: "finished", result }),
  (queue, run, { result }) => queue.finish(run, result),
);
const fail = settle<{ message: string }>(
  "fail",
  { message },
  (session, run, args) => session.settle(run, { kind: "failed", error: toError(args.message) }),
  (queue, run, args) => queue.fail(run, args.message),
);
const retry = settle<{ message: string; delay: number }>(
  "retry",
  { message, delay: fc.constantFrom(0, 10, 50) },
  (session, run, args) =>
    session.settle(run, { kind: "retry", delay: args.delay, error: toError(args.message) }),
  (queue, run, args) => queue.retry(run, args.delay, args.message),
);
const interrupt = settle(
  "interrupt",
  {},
  (session, run) => session.settle(run, { kind: "interrupted", reason: "stopped" }),
  (queue, run) => queue.interrupt(run, "stopped"),
);
const crash = settle<{ max: number }>(
  "crash",
  { max: fc.integer({ min: 1, max: 3 }) },
  (session, run, { max }) =>
    session.settle(run, { kind: "crashed", reason: "gone", maxCrashes: max }),
  (queue, run, { max }) => queue.crash(run, "gone", max),
);
const handBack = settle(
  "hand back",
  {},
  async (session, run) => {
    const held = await stillHolds(session, run);
    await session.handBack([run]);
    return held;
  },
  (queue, run) => queue.handBack(run),
);

const cancel = move("cancel", fc.record({ pick: picked }), outside, async (world, real, args) => {
  const { id } = toClaim(world, args.pick);
  const known = world.queue.tasks.has(id);
  const done = world.queue.cancel(id, "not wanted");
  const expected = done ? null : known ? "conflict" : "not_found";
  expect(await refusal(real.store.cancel(id, "not wanted"))).toBe(expected);
});

const retryByHand = move(
  "retry by hand",
  fc.record({ pick: picked }),
  outside,
  async (world, real, args) => {
    const { id } = toClaim(world, { ...args.pick, among: "all" });
    const known = world.queue.tasks.has(id);
    const done = world.queue.retryByHand(id);
    const expected = done ? null : known ? "conflict" : "not_found";
    expect(await refusal(real.store.retry(id))).toBe(expected);
  },
);

const clean = move(
  "clean",
  fc.record({ finished: time, failed: time, limit: fc.constantFrom(1, 100) }),
  outside,
  async (world, real, { finished, failed, limit }) => {
    const { queue } = world;
    const [finishedBefore, failedBefore] = [queue.now - finished, queue.now - failed];
    const count = await real.store.clean({ finishedBefore, failedBefore, limit });
    const may = [...queue.tasks.values()].filter((one) =>
      queue.isCleanable(one, finishedBefore, failedBefore),
    );
    expect(count).toBe(Math.min(limit, may.length));
    // Which of them, where there are more than the limit, is the store's business.
    const left = new Set(rows(real.look).map(({ id }) => id));
    const gone = may.filter(({ id }) => !left.has(id));
    expect(gone).toHaveLength(count);
    for (const { id } of gone) queue.remove(id);
  },
);

const step = move("clock", fc.record({ by: time }), always, async (world, _, { by }) => {
  world.queue.now += by;
});

// Death

/** Lock files are never used twice, and `holdLock` knows a worker by its name alone. */
let lastWorker = 0;

async function register(world: World, real: Real): Promise<void> {
  const id = `worker-${process.pid}-${(lastWorker += 1)}`;
  await real.store.register({ id, pid: process.pid, threads: 2, queues: [] });
  world.queue.workers.set(id, { boot: String(real.boot), alive: true });
}

/** What the operating system does when a process dies: its lock is free. The file stays. */
function killWorker(world: World, id: string): void {
  const held = (globalThis as Record<symbol, unknown>)[Symbol.for("tq.locks")] as Map<
    string,
    Database
  >;
  held.get(id)?.close();
  held.delete(id);
  const worker = world.queue.workers.get(id);
  if (worker) worker.alive = false;
}

async function rescue(world: World, real: Real, maxCrashes: number): Promise<void> {
  const dead = [...world.queue.workers].filter(([, { alive }]) => !alive).map(([id]) => id);
  if (world.queue.heldBy("nobody").length > 0) dead.push("nobody"); // it is not registered
  const held = dead.flatMap((id) => world.queue.heldBy(id).map((one) => one.id));
  const rescues = await real.store.rescueDead(maxCrashes);
  expect(new Set(rescues.map(({ worker }) => worker.id))).toEqual(new Set(dead));
  expect(new Set(rescues.flatMap(({ tasks }) => tasks.map(({ id }) => id)))).toEqual(new Set(held));
  const before = new Map(held.map((id) => [id, world.queue.tasks.get(id)?.crashes]));
  for (const id of dead) world.queue.rescueWorker(id, String(real.boot), maxCrashes);
  for (const { id, state, crashes, crashed } of rescues.flatMap(({ tasks }) => tasks)) {
    const expected = world.queue.tasks.get(id);
    expect(crashes).toBe(expected?.crashes ?? -1);
    expect(crashed).toBe(before.get(id) !== expected?.crashes);
    if (crashed) expect(state).toBe(expected?.state ?? "scheduled");
  }
}

const maxCrashes = fc.integer({ min: 1, max: 3 });

const start = move(
  "start a worker",
  fc.record({}),
  (world) => outside(world) && world.queue.workers.size < 3,
  register,
);

const death = move(
  "death of a worker",
  fc.record({ worker: fc.nat(3), maxCrashes, rescue: fc.boolean() }),
  outside,
  async (world, real, args) => {
    killWorker(world, toOwner(world, { worker: args.worker, thread: 1 }).worker);
    if (args.rescue) await rescue(world, real, args.maxCrashes);
  },
);

const rescueDead = move("rescue", fc.record({ maxCrashes }), outside, (world, real, args) =>
  rescue(world, real, args.maxCrashes),
);

const reboot = move("reboot", fc.record({ maxCrashes }), outside, async (world, real, args) => {
  for (const id of world.queue.workers.keys()) killWorker(world, id);
  await real.store.close();
  real.boot += 1;
  real.store = openStore(real);
  await rescue(world, real, args.maxCrashes);
  await register(world, real);
});

const leave = move(
  "leave of a worker",
  fc.record({ worker: fc.nat(3) }),
  outside,
  async ({ queue }, real, args) => {
    const { worker } = toOwner({ queue, onDisk: null, atSavepoint: null }, { ...args, thread: 1 });
    await real.store.unregister(worker);
    for (const { id, claim: number } of queue.heldBy(worker)) queue.handBack({ id, claim: number });
    queue.workers.delete(worker);
  },
);

const threadDeath = move(
  "death of a thread",
  fc.record({
    owner,
    running: fc.option(picked, { freq: 5 }),
    max: fc.constantFrom(null, 1, 2, 3),
  }),
  outside,
  async (world, real, args) => {
    const by = toOwner(world, args.owner);
    const running = args.running && toClaim(world, args.running);
    await real.store.rescueThread(by, { running, reason: "it went", maxCrashes: args.max });
    world.queue.rescueThread(by, running, "it went", args.max);
  },
);

// Transactions

const begin = move("begin", fc.record({}), outside, async (world, real) => {
  real.session = real.store.session();
  await real.session.begin();
  world.onDisk = world.queue.copy();
});

const end = move("end", fc.record({ commit: fc.boolean() }), inside, async (world, real, args) => {
  const { session, store } = real;
  if (!session || !world.onDisk) return;
  if (args.commit) await session.commit();
  else world.queue = back(world, world.onDisk);
  Object.assign(world, { onDisk: null, atSavepoint: null });
  real.session = null;
  await store.release(session); // rolls back what was not committed
});

const savepoint = move(
  "savepoint",
  fc.record({}),
  (world) => inside(world) && world.atSavepoint === null,
  async (world, real) => {
    await real.session?.savepoint();
    world.atSavepoint = world.queue.copy();
  },
);

const endSavepoint = move(
  "end savepoint",
  fc.record({ keep: fc.boolean() }),
  (world) => world.atSavepoint !== null,
  async (world, real, { keep }) => {
    if (keep) await real.session?.releaseSavepoint();
    else await real.session?.rollbackToSavepoint();
    if (!keep && world.atSavepoint) world.queue = back(world, world.atSavepoint);
    world.atSavepoint = null;
  },
);

/** Everything goes back but the time. */
function back({ queue }: World, to: QueueModel): QueueModel {
  const copy = to.copy();
  copy.now = queue.now;
  return copy;
}

// What both sides must agree on

const ROWS = `
  SELECT id, state, queue, priority, deadline, ref, enqueued_at, scheduled_at, expected_at, dequeued_at,
         finished_at, attempts, crashes, suspect, begun, claim, worker, thread, result, reason
    FROM tq__task
   ORDER BY id`;

function rows(db: Database): ModelTask[] {
  return db.query(ROWS).all() as ModelTask[];
}

const ERRORS = "SELECT task, message, attempt, count FROM tq_errors ORDER BY task, message";

async function compare(world: World, real: Real): Promise<void> {
  const { queue, onDisk } = world;
  expectSame(real.look, onDisk ?? queue);
  real.seen.check(rows(real.look));
  if (real.session) {
    await (real.session as SqliteSession).statements((db) => expectSame(db, queue));
  } else await compareLooks(queue, real);
}

function expectSame(db: Database, queue: QueueModel): void {
  expect(rows(db)).toEqual([...queue.tasks.values()]);
  const byTask = [...queue.errors].sort(
    (a, b) => a.task - b.task || (a.message < b.message ? -1 : 1),
  );
  expect(db.query(ERRORS).all()).toEqual(byTask);
}

/** What the store answers when asked, and the order of the next claim. */
async function compareLooks(queue: QueueModel, { store }: Real): Promise<void> {
  const tasks = [...queue.tasks.values()];
  const due = tasks
    .filter(({ state }) => state === "scheduled")
    .map((one) => one.scheduled_at ?? 0);
  expect(await dueOf(store)).toBe(due.length > 0 ? Math.min(...due) : null);
  const workers = [...queue.workers.keys(), "nobody"];
  for (const worker of [null, workers[0] ?? null]) {
    for (const queues of [[], ["mail.*", "x"]]) {
      const ready = queue.countReady(queues, worker);
      expect(await readyOf(store, queues, 1_000, worker ?? undefined)).toBe(ready);
    }
  }
  expect(new Map((await store.workers()).map(({ id, running }) => [id, running]))).toEqual(
    new Map([...queue.workers.keys()].map((id) => [id, queue.heldBy(id).length])),
  );

  const session = store.session();
  try {
    const [worker = "nobody"] = workers;
    const options = { owner: { worker, thread: 1 }, queues: [], limit: 1_000 };
    const next = (await session.claim(options)).map(toLook);
    expect(next).toEqual(queue.copy().claim(worker, 1, [], 1_000).map(toLookOfModel));
  } finally {
    await store.release(session);
  }
}

function openStore({ path, clock, boot }: Pick<Real, "path" | "clock" | "boot">): SqliteStore {
  return new SqliteStore({ path, clock, bootId: String(boot), durability: "normal" });
}

const MOVES = [
  [push, push, push, claim, claim, claim, claimOne],
  [finish, fail, retry, interrupt, crash, handBack, cancel, retryByHand, clean, step, step],
  [start, death, rescueDead, reboot, leave, threadDeath],
  [begin, end, savepoint, endSavepoint],
].flat();

test(
  "the store does what the model of a queue does, whatever happens in whatever order",
  async () => {
    const sequences = fc.commands(MOVES, { maxCommands: 80, size: "max" });
    await holds(8_000, [sequences], async (moves) => {
      using folder = tempFolder();
      const world: World = { queue: new QueueModel(START), onDisk: null, atSavepoint: null };
      const clock = { now: () => world.queue.now, monotonic: () => performance.now() };
      const place = { path: `${folder.path}/tq.db`, clock, boot: 1 };
      const store = openStore(place);
      const look = new Database(place.path, { readonly: true });
      const real: Real = { ...place, store, session: null, look, seen: new Seen() };
      try {
        await register(world, real);
        await fc.asyncModelRun(() => ({ model: world, real }), moves);
      } finally {
        if (real.session) await real.store.release(real.session);
        for (const id of world.queue.workers.keys()) killWorker(world, id);
        look.close();
        await real.store.close();
      }
    });
  },
  PATIENCE,
);
