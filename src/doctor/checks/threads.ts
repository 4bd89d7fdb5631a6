/** Threads can run tasks: those of the worker beside this server, and those of others. */
import { capital, type Check, type Found, fromSentence } from "../check.ts";
import { named } from "../examination.ts";

export const MEND = "mend the cause: the worker then goes on by itself";

export const threads: Check = {
  name: "no_thread_can_run",
  subject: "threads can run tasks",
  looks: ["health", "ready", "status", "doctor"],
  async find(of, look) {
    const own = of.health.trouble?.() ?? null;
    if (own !== null) return [fromSentence(own, MEND)];
    if (look !== "ready" || !of.needsWorker) return [];
    const live = await of.live();
    if (live.length === 0 || (await of.able()).length > 0) return [];
    const [first] = live.flatMap(({ trouble }) => trouble ?? []);
    if (first !== undefined) return [fromSentence(first, MEND)];
    const message = "Every worker of this database is stopped by a signal";
    return [{ message, advice: "let one go on with kill -CONT" }];
  },
};

export const fewThreads: Check = {
  name: "threads_missing",
  subject: "all threads of the workers run",
  looks: ["doctor"],
  async find(of) {
    const live = await of.able();
    return live.flatMap((worker): Found[] => {
      const { threads: all, threads_ready: ready } = worker;
      if (ready === null || ready >= all) return [];
      const message = `${capital(named(worker))} has ${all} threads, and ${ready === 0 ? "none" : `only ${ready}`} of them can run tasks`;
      const advice =
        "its log says why they cannot start; a thread that loads its models for long is named there too";
      return [{ message, advice }];
    });
  },
  async fact(of) {
    const live = await of.live();
    const ready = live.reduce((sum, one) => sum + (one.threads_ready ?? one.threads), 0);
    const all = live.reduce((sum, one) => sum + one.threads, 0);
    return live.length === 0 ? "" : `${ready} of ${all}`;
  },
};
