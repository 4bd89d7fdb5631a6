/** No ready task waits longer than the setting `queue.max_wait` says. */
import { quote } from "../../quote.ts";
import { oldestOf } from "../../store/measurements.ts";
import { formatAge, formatDuration } from "../../values/duration.ts";
import type { Check } from "../check.ts";
import type { Examination } from "../examination.ts";

export const oldestReady: Check = {
  name: "ready_too_old",
  subject: "how long ready tasks wait",
  looks: ["ready", "status", "doctor"],
  async find(of) {
    const { config } = of.health;
    const most = config.queue.max_wait;
    if (most === 0) return [];
    const found = await oldest(of);
    if (found === null || found.age <= most) return [];
    const message = `A task of the queue ${quote(found.queue)} has waited to run for ${formatAge(found.age)}, and queue.max_wait is ${formatDuration(most)}`;
    const advice = "tq why ID says why a task waits; more threads or workers run more at once";
    return [{ message, advice }];
  },
  async fact(of) {
    const found = await oldest(of);
    return found === null ? "none waits" : `the oldest for ${formatAge(found.age)}`;
  },
};

async function oldest(of: Examination): Promise<{ queue: string; age: number } | null> {
  const { store } = of.health;
  const found = oldestOf(await of.oldest());
  return found && { queue: found.queue, age: Math.max(0, store.now() - found.since) };
}
