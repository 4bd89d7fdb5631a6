/** The moves of a transaction: begin, end, and its savepoint. */
import fc from "fast-check";
import type { QueueModel } from "./queue-model.ts";
import { inside, move, outside, type World } from "./world.ts";

export const begin = move("begin", fc.record({}), outside, async (world, real) => {
  real.session = real.store.session();
  await real.session.begin();
  world.onDisk = world.queue.copy();
});

export const end = move(
  "end",
  fc.record({ commit: fc.boolean() }),
  inside,
  async (world, real, args) => {
    const { session, store } = real;
    if (!session || !world.onDisk) return;
    if (args.commit) await session.commit();
    else world.queue = back(world, world.onDisk);
    Object.assign(world, { onDisk: null, atSavepoint: null });
    real.session = null;
    await store.release(session); // rolls back what was not committed
  },
);

export const savepoint = move(
  "savepoint",
  fc.record({}),
  (world) => inside(world) && world.atSavepoint === null,
  async (world, real) => {
    await real.session?.savepoint();
    world.atSavepoint = world.queue.copy();
  },
);

export const endSavepoint = move(
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
