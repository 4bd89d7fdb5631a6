/** Live workers have the models of the tasks that wait. */
import { callsOf, type ModelCatalog } from "../../catalog.ts";
import { takesQueue } from "../../store/queue-patterns.ts";
import type { WaitingCall } from "../../store/condition.ts";
import { callName, WEBHOOK_CALL } from "../../task.ts";
import type { Check, Found } from "../check.ts";
import type { Examination } from "../examination.ts";

/** More are only counted. */
const MOST_NAMED = 10;

export const calls: Check = {
  name: "model_missing",
  subject: "workers have the models of the tasks that wait",
  looks: ["doctor"],
  async find(of) {
    const missing = await missingCalls(of);
    const names = [...Map.groupBy(missing, ({ model, method }) => callName(model, method))];
    const more = names.length - MOST_NAMED;
    const rest = {
      message: `${more} more methods of tasks that wait are in no models`,
      advice: "",
    };
    const found = names.slice(0, MOST_NAMED).map(([name, waiting]) => foundOf(name, waiting));
    return [...found, ...(more > 0 ? [rest] : [])];
  },
};

interface Taker {
  /** Names and patterns; empty: every queue. */
  readonly queues: readonly string[];
  readonly calls: ReadonlySet<string>;
}

/** Live workers, or else the models that this process has loaded; null: somebody may have all that is asked for. */
async function takersOf(of: Examination): Promise<Taker[] | null> {
  const [abouts, able] = [await of.abouts(), await of.able()];
  if (able.length === 0) {
    const { load, config, catalog: loaded } = of.health;
    const hasNone = load !== undefined && config.models === null; // no file was found to load
    const catalog = hasNone ? {} : (loaded?.() ?? null);
    return catalog && [{ queues: [], calls: new Set(namesIn(catalog)) }];
  }
  const known = able.flatMap(({ id, queues }) => {
    const about = abouts.get(id);
    return about === undefined ? [] : [{ queues, calls: new Set(about.calls) }];
  });
  return known.length < able.length ? null : known;
}

function namesIn(catalog: ModelCatalog): string[] {
  return callsOf(catalog).map(({ model, method }) => callName(model, method));
}

/** Of a queue that no worker takes any worker may have the models: that the queue waits for one is another finding. */
async function missingCalls(of: Examination): Promise<WaitingCall[]> {
  const known = await takersOf(of);
  if (known === null) return [];
  const waiting = await of.health.store.condition.waitingCalls();
  return waiting.filter(({ model, method, queue }) => {
    if (model === WEBHOOK_CALL) return false; // every worker has it, whatever its models are
    const name = callName(model, method);
    const takers = known.filter(({ queues }) => takesQueue(queues, queue));
    return !(takers.length > 0 ? takers : known).some(({ calls: has }) => has.has(name));
  });
}

function foundOf(name: string, waiting: readonly WaitingCall[]): Found {
  const count = waiting.reduce((sum, one) => sum + one.count, 0);
  const tasks = count === 1 ? "1 task waits" : `${count} tasks wait`;
  const [{ queue } = { queue: "" }] = waiting;
  return {
    message: `${tasks} for ${name} in the queue ${JSON.stringify(queue)}, and no models have that: each fails once it is run`,
    advice:
      "start the workers again with models that have it (models.ts, or --models FILE), or cancel the tasks",
  };
}
