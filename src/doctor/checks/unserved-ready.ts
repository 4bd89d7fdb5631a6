/** A live worker takes each queue that has ready tasks. */
import { quote } from "../../quote.ts";
import { isServed } from "../../store/live-workers.ts";
import type { WorkerStatus } from "../../store/looking.ts";
import type { Check, Found } from "../check.ts";

export const unservedReady: Check = {
  name: "no_worker_for_ready_tasks",
  subject: "workers take the ready tasks",
  looks: ["ready"],
  async find(of) {
    if (!of.needsWorker) return []; // each program runs its own tasks
    const { queues } = await of.waiting();
    const able = await of.able();
    const waiting = queues.filter((queue) => !isServed(queue, able));
    return waiting.length === 0 ? [] : [unserved(waiting, able)];
  },
};

function unserved(queues: readonly string[], able: readonly WorkerStatus[]): Found {
  const [queue = "", ...others] = queues;
  const more = others.length === 0 ? "" : `, nor of ${others.length} more`;
  const of = `${quote(queue)}${more}`;
  return able.length === 0
    ? {
        message: `No worker that can run tasks takes the ready ones of the queue ${of}`,
        advice: "tq status says which there are",
      }
    : { message: `No live worker takes the ready tasks of the queue ${of}`, advice: "" };
}
