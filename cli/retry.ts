/** `tq retry ID...`, `tq retry --ref TEXT`, `tq retry --state failed`: runs ended tasks again. */
import { MOVED_FROM } from "../src/tasks/moved-from.ts";
import { moveCommand } from "./command/move.ts";

export const retry = moveCommand({
  name: "retry",
  done: "retried",
  description: "Run finished, failed or cancelled tasks again; their history is kept",
  withoutWorker:
    "queue.worker is false: each program runs only the tasks that it pushed; tq worker --drain runs all ready ones",
  from: MOVED_FROM.retry,
  read: () => ({ kind: "retry" }),
});
