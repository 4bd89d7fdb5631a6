/** Workers that are dead, stopped, or can run no task. */
import { isStopped, isWorker } from "../../store/live-workers.ts";
import type { WorkerStatus } from "../../store/looking.ts";
import { capital, type Check, type Found, fromSentence } from "../check.ts";
import { named } from "../examination.ts";
import { MEND } from "./threads.ts";

export const workersInTrouble: Check = {
  name: "worker_in_trouble",
  subject: "the live workers can run tasks",
  looks: ["status", "doctor"],
  async find(of) {
    const live = await of.live();
    const found = live.flatMap(troublesOf);
    const unsure = live.filter((one) => one.unsure === true);
    if (unsure.length === 0) return found;
    return [...(of.health.store.traits.isServer ? [UNSEEN] : unsure.map(unreadable)), ...found];
  },
};

const UNSEEN: Found = {
  message: "Whether workers live cannot be seen from a standby",
  advice: "ask the primary",
};

function unreadable(status: WorkerStatus): Found {
  return {
    message: `Cannot tell whether ${named(status)} lives: this user may not read its file beside the database`,
    advice: "ask as the user of the service",
  };
}

function troublesOf(status: WorkerStatus): Found[] {
  const { pid, trouble } = status;
  const worker = named(status);
  const found: Found[] = [];
  if (isStopped(status)) {
    found.push({
      message: `${capital(worker)} is stopped (SIGSTOP, or Ctrl-Z) and runs nothing`,
      advice: `kill -CONT ${pid} lets it go on`,
    });
  }
  if (trouble !== null) {
    found.push(fromSentence(`${capital(worker)} can run no task: ${trouble}`, MEND));
  }
  return found;
}

export const deadWorkers: Check = {
  name: "dead_worker",
  subject: "no worker has died",
  looks: ["doctor"],
  async find(of) {
    const isCleared = (await of.able()).length > 0; // an idle worker takes its time, as nothing waits for that
    const dead = (await of.workers()).filter(
      ({ alive, running }) => !alive && !(isCleared && running === 0),
    );
    return dead.map((one) => {
      const { running } = one;
      const tasks = running === 1 ? "1 task" : `${running} tasks`;
      const held = running === 0 ? "" : `, and holds ${tasks} that nobody runs`;
      const who = isWorker(one) ? capital(named(one)) : `A program with pid ${one.pid}`;
      return {
        message: `${who} has died${held}`,
        advice:
          "start tq worker: it puts the tasks back; a worker that lives does so within seconds",
      };
    });
  },
};
