/** The programs of one database have the same `queue.worker`. */
import { isWorker } from "../../store/live-workers.ts";
import { differenceAdvice, differenceWords } from "../../store/followed-mode.ts";
import type { Check, Found } from "../check.ts";

export const mode: Check = {
  name: "mode_differs",
  subject: "who runs the tasks",
  looks: ["doctor"],
  async find(of) {
    const { config } = of.health;
    const remembered = await of.remembered();
    const found: Found[] = [];
    if (remembered !== null && remembered.worker !== config.queue.worker) {
      const message = differenceWords(config, remembered);
      found.push({ message, advice: differenceAdvice(remembered) });
    }
    const live = await of.live();
    const own = (await of.workers()).filter((one) => one.alive && !isWorker(one));
    if (live.length > 0 && (remembered?.worker ?? false)) {
      found.push(
        ...own.map(({ pid }) => ({
          message: `The program with pid ${pid} runs its own tasks, although workers run on this database`,
          advice: "start it again with the settings of the workers (-c or TQ_CONFIG)",
        })),
      );
    }
    return found;
  },
  async fact(of) {
    const remembered = await of.remembered();
    const worker = remembered?.worker ?? of.health.config.queue.worker;
    return worker ? "workers run them" : "each program runs its own";
  },
};
