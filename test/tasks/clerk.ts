/** A model whose tasks do what a test says next, and the runs of its tasks. */
import { Model, type Queue } from "../../src/index.ts";
import type { makeRuntime } from "../model/support.ts";

/** What the method does. */
export const clerk = { does: (): unknown => undefined };

export class Clerk extends Model {
  declare static readonly __queue__: Queue<typeof Clerk>;
  static override readonly __name__ = "clerk";
  static readonly tasks = { patient: { attempts: 3, backoff: "10s" } };
  async work() {
    return clerk.does();
  }
  async patient() {
    return clerk.does();
  }
}

export const fails = (error: unknown) => () => {
  throw error;
};

/** Pushes a task that will do this; it runs when the test says so. */
export async function pushed(does: () => unknown = () => undefined): Promise<number> {
  clerk.does = does;
  return Clerk.__queue__.work(1);
}

/** A task that has done this. */
export async function ran(
  tq: ReturnType<typeof makeRuntime>,
  does?: () => unknown,
): Promise<number> {
  const id = await pushed(does);
  await tq.runTask(id);
  return id;
}
