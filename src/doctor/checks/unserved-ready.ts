/** A live worker takes each queue that has tasks to run now, and there is one for what else only a worker does. */
import { definitionOf, pauseAt } from "../../cron/in-force.ts";
import type { CronRow } from "../../cron/ledger.ts";
import { isOwn } from "../../cron/own.ts";
import { quote } from "../../quote.ts";
import { isServed } from "../../store/live-workers.ts";
import type { WorkerStatus } from "../../store/looking.ts";
import { isoTime } from "../../values/iso-times.ts";
import { capital, type Check, type Found } from "../check.ts";
import { type Examination, named, RESTART_MS } from "../examination.ts";

export const unservedReady: Check = {
  name: "no_worker_for_ready_tasks",
  subject: "workers take the ready tasks",
  looks: ["ready"],
  async find(of) {
    if (!of.needsWorker) return []; // each program runs its own tasks
    const { queues } = await of.waiting();
    const able = await of.able();
    const waiting = queues.filter((queue) => !isServed(queue, able));
    if (waiting.length === 0) return [];
    if (able.length === 0 && (await isRestart(of))) return [];
    return [unserved(waiting, able)];
  },
};

/** True where the tasks could run since a moment ago only, or a worker was there then. */
async function isRestart(of: Examination): Promise<boolean> {
  if (!(await of.lacksWorkers())) return true;
  const now = of.health.store.now();
  const oldest = await of.oldest();
  return oldest.length > 0 && oldest.every(({ since }) => now - since < RESTART_MS);
}

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

/** Without a worker nobody puts them back. */
export const abandoned: Check = {
  name: "tasks_of_dead_worker",
  subject: "a worker puts the tasks of dead ones back",
  looks: ["ready"],
  async find(of) {
    const dead = (await of.workers()).filter(({ alive, running }) => !alive && running > 0);
    const [first] = dead;
    if (first === undefined || !(await of.lacksWorkers())) return [];
    const running = dead.reduce((sum, one) => sum + one.running, 0);
    const tasks = running === 1 ? "1 task" : `${running} tasks`;
    const more = dead.length === 1 ? "" : ` and ${dead.length - 1} more`;
    const message = `${capital(named(first))}${more} died with ${tasks}, and no worker lives that puts them back`;
    return [{ message, advice: START }];
  },
};

const START = "start tq worker";

/** Only a worker pushes the tasks of recurring ones. What tq does for itself waits for the next worker. */
export const undecidedSlots: Check = {
  name: "no_worker_for_recurring_tasks",
  subject: "a worker pushes the recurring tasks",
  looks: ["ready"],
  async find(of) {
    if (!of.needsWorker || !(await of.lacksWorkers())) return [];
    const { store } = of.health;
    const until = store.now() - RESTART_MS;
    for (const row of await store.cron.rows()) {
      if (isOwn(row.name)) continue;
      const slot = undecidedSlot(row, until);
      if (slot === null) continue;
      const message = `The recurring task ${quote(row.name)} was to come at ${isoTime(slot)}, and no worker is there`;
      return [{ message, advice: START }];
    }
    return [];
  },
};

/** Its first slot up to this time that no worker has decided; null: there is none. */
function undecidedSlot(row: CronRow, until: number): number | null {
  if (row.removedAt !== null || pauseAt(row, until) !== null) return null;
  try {
    const slot = definitionOf(row).schedule.next(
      Math.max(row.decidedUntil, row.override.pause?.until ?? 0),
    );
    return slot !== null && slot <= until ? slot : null;
  } catch {
    return null; // a newer tq has written it
  }
}
