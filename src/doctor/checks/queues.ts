/** Workers are there, and take tasks of every queue that has some. */
import { flagInShell } from "../../in-shell.ts";
import { untakenWords } from "../../store/live-workers.ts";
import type { QueueInfo, WorkerStatus } from "../../store/looking.ts";
import type { Check, Found } from "../check.ts";

export const noWorker: Check = {
  name: "no_worker",
  subject: "a worker runs",
  looks: ["status", "doctor"],
  async find(of) {
    if (!of.needsWorker || (await of.live()).length > 0) return [];
    const message = "No worker is running: tasks wait until one is";
    return [{ message, advice: "start it with tq worker" }];
  },
};

/** More queues than this are only counted: there may be thousands. */
const MOST_NAMED = 10;

export const untakenQueues: Check = {
  name: "queue_not_served",
  subject: "workers take the tasks of every queue",
  looks: ["status", "doctor"],
  async find(of) {
    const live = await of.live();
    if (!of.needsWorker || live.length === 0) return [];
    const untaken = (await of.queues()).flatMap((queue) => untakenTasks(queue, live));
    const more = untaken.length - MOST_NAMED;
    const rest = {
      message: `${more} more queues have tasks that no live worker takes`,
      advice: "",
    };
    return [...untaken.slice(0, MOST_NAMED), ...(more > 0 ? [rest] : [])];
  },
};

function untakenTasks(
  { queue, ready, scheduled, least = [], about = {} }: QueueInfo,
  live: readonly WorkerStatus[],
): readonly Found[] {
  const waiting = ready + scheduled;
  const words = waiting === 0 ? null : untakenWords(queue, live);
  if (words === null) return [];
  const isLeast = least.includes("ready") || least.includes("scheduled");
  const isAbout = about.ready !== undefined || about.scheduled !== undefined;
  const count = `${isAbout ? "about " : ""}${waiting}${isLeast ? "+" : ""}`;
  const tasks = waiting === 1 ? "1 task waits" : `${count} tasks wait`;
  const advice = `start a worker with ${flagInShell("--queue", queue)}, or move them with tq move`;
  return [{ message: `${tasks}, and ${words}`, advice }];
}
