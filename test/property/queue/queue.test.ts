/**
 * The store beside a model of it, step by step: random moves, a clock that jumps both ways, deaths, reboots,
 * and transactions that are rolled back. `TQ_PROPERTY_RUNS=20000` makes it a long run.
 */
import { Database } from "bun:sqlite";
import { test } from "bun:test";
import fc from "fast-check";
import { QueueModel } from "./queue-model.ts";
import { holds, PATIENCE, tempFolder } from "../support.ts";
import { openStore, type Real, Seen, START, type World } from "./world.ts";
import {
  cancel,
  claim,
  claimOne,
  clean,
  crash,
  fail,
  finish,
  handBack,
  interrupt,
  push,
  putOff,
  retry,
  snooze,
  cancelRun,
  retryByHand,
  say,
} from "./tasks.ts";
import { jump, repair, step } from "./clock.ts";
import {
  death,
  killWorker,
  leave,
  reboot,
  register,
  rescueDead,
  start,
  threadDeath,
} from "./deaths.ts";
import { begin, end, endSavepoint, savepoint } from "./transactions.ts";

const MOVES = [
  [push, push, push, claim, claim, claim, claimOne],
  [
    finish,
    fail,
    putOff,
    retry,
    snooze,
    cancelRun,
    interrupt,
    crash,
    handBack,
    cancel,
    retryByHand,
    clean,
    say,
    step,
    step,
    jump,
    repair,
  ],
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
