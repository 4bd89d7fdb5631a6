/** The exports of the module "tq/testing": a queue for tests. */
export type { TestClock } from "./clock.ts";
export type { OutputLine, TaskProgress } from "../store/task-output.ts";
export { testQueue } from "./test-queue.ts";
export type {
  DrainOptions,
  PushedMatch,
  PushedTask,
  TestQueue,
  TestQueueOptions,
  TestRun,
} from "./types.ts";
