/** `tq retry ID...`, `tq retry --state failed`: runs ended tasks again. */
import { moveCommand } from "./command/move.ts";

export const retry = moveCommand({
  name: "retry",
  done: "retried",
  description: "Run finished, failed or cancelled tasks again; their history is kept",
  withoutWorker:
    "queue.worker is false: a program runs only what it has pushed itself; tq worker --drain runs what is ready",
  from: ["finished", "failed", "cancelled"],
  one: (store, id) => store.retry(id),
  all: (store, filter) => store.retryAll(filter),
});
