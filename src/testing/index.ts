/** The exports of the module "tq/testing": a queue for tests. */
export type { TestClock } from "./clock.ts";
export { testQueue } from "./test-queue.ts";
export type {
  DrainOptions,
  PushedMatch,
  PushedTask,
  TestQueue,
  TestQueueOptions,
  TestRun,
} from "./types.ts";
