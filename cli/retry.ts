/** `tq retry ID...`, `tq retry --ref TEXT`, `tq retry --state failed`: runs tasks again that ended, or wait for their next attempt. */
import { MOVED_FROM } from "../src/tasks/moved-from.ts";
import { moveCommand } from "./command/move.ts";

export const retry = moveCommand({
  name: "retry",
  done: "retried",
  description:
    "Run ended tasks again, or those that wait for their next attempt; their history is kept",
  examples: [
    ["tq retry 7", "One task"],
    ["tq retry --state failed --queue print", "All that failed in a queue"],
  ],
  withoutWorker:
    "queue.worker is false: each program runs only the tasks that it pushed; tq worker --drain runs all ready ones",
  from: MOVED_FROM.retry,
  read: () => ({ kind: "retry" }),
});
