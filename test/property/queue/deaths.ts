/** The moves of workers: start, death, rescue, reboot, leave, and the death of a thread. */
import type { Database } from "bun:sqlite";
import { expect } from "bun:test";
import fc from "fast-check";
import type { Outcome } from "../../../src/outcome.ts";
import type { Claim } from "../../../src/task.ts";
import {
  move,
  openStore,
  outside,
  owner,
  picked,
  type Real,
  toClaim,
  toError,
  toOwner,
  type World,
} from "./world.ts";

/** Lock files are never used twice, and `takeLock` knows a worker by its name alone. */
let lastWorker = 0;

export async function register(world: World, real: Real): Promise<void> {
  const id = `worker-${process.pid}-${(lastWorker += 1)}`;
  await real.store.register({ id, pid: process.pid, threads: 2, queues: [] });
  world.queue.workers.set(id, { boot: String(real.boot), alive: true });
}

/** What the operating system does when a process dies: its lock is free. The file stays. */
export function killWorker(world: World, id: string): void {
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

export const start = move(
  "start a worker",
  fc.record({}),
  (world) => outside(world) && world.queue.workers.size < 3,
  register,
);

export const death = move(
  "death of a worker",
  fc.record({ worker: fc.nat(3), maxCrashes, rescue: fc.boolean() }),
  outside,
  async (world, real, args) => {
    killWorker(world, toOwner(world, { worker: args.worker, thread: 1 }).worker);
    if (args.rescue) await rescue(world, real, args.maxCrashes);
  },
);

export const rescueDead = move("rescue", fc.record({ maxCrashes }), outside, (world, real, args) =>
  rescue(world, real, args.maxCrashes),
);

export const reboot = move(
  "reboot",
  fc.record({ maxCrashes }),
  outside,
  async (world, real, args) => {
    for (const id of world.queue.workers.keys()) killWorker(world, id);
    await real.store.close();
    real.boot += 1;
    real.store = openStore(real);
    await rescue(world, real, args.maxCrashes);
    await register(world, real);
  },
);

export const leave = move(
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

export const threadDeath = move(
  "death of a thread",
  fc.record({
    owner,
    running: fc.option(picked, { freq: 5 }),
    max: fc.constantFrom(null, 1, 2, 3),
    /** Its run took too long: ms until the next attempt, or no attempt is left. */
    timeout: fc.option(fc.constantFrom(0, 10, "failed" as const), { freq: 2 }),
  }),
  outside,
  async (world, real, { timeout, ...args }) => {
    const by = toOwner(world, args.owner);
    const running = args.running && toClaim(world, args.running);
    const error = toError("too long");
    const outcome: Outcome | null =
      timeout === null
        ? null
        : timeout === "failed"
          ? { kind: "failed", error }
          : { kind: "retry", delay: timeout, error };
    const death = { running, reason: "it went", maxCrashes: args.max, outcome };
    await real.store.rescueThread(by, death);
    const { queue } = world;
    const settle = (run: Claim) =>
      timeout === "failed"
        ? queue.fail(run, "too long")
        : queue.retry(run, timeout ?? 0, "too long");
    queue.rescueThread(by, running, "it went", args.max, timeout === null ? null : settle);
  },
);
