/** Groups failed tasks by their method and the first line of their error: many fail for one cause. */
import { errorOf } from "../error-line.ts";
import type { Store } from "../store/store.ts";
import type { FailedTask } from "../store/looking.ts";
import { callWords } from "../task.ts";

export interface FailedGroup {
  readonly model: string;
  readonly method: string;
  /** `sale.process`, or the name of a function. */
  readonly call: string;
  /** As the filter `error` finds it: the name of the error, and the first line of its message. */
  readonly error: string;
  readonly count: number;
  /** When the first of them failed, in ms since 1970 UTC. */
  readonly first: number;
  readonly last: number;
  /** The highest id. */
  readonly newest: number;
}

export interface FailedGroups {
  /** The largest first. */
  readonly groups: readonly FailedGroup[];
  /** How many failed tasks were looked at: those that failed last. */
  readonly looked: number;
  /** False: there are more. */
  readonly isAll: boolean;
}

/** A page reads so many in some ms. */
const MOST_TASKS = 1_000;

export async function failedGroups(store: Store, most = MOST_TASKS): Promise<FailedGroups> {
  const groups = new Map<string, FailedGroup>();
  const tasks = await store.failures.last(most + 1);
  for (const task of tasks.slice(0, most)) add(groups, task);
  const sorted = [...groups.values()].sort((a, b) => b.count - a.count || b.last - a.last);
  return { groups: sorted, looked: Math.min(tasks.length, most), isAll: tasks.length <= most };
}

function add(groups: Map<string, FailedGroup>, task: FailedTask): void {
  const { id, model, method, reason, finished_at: at } = task;
  const call = callWords(task);
  const error = errorOf(reason ?? "");
  const key = JSON.stringify([call, error]);
  const before = groups.get(key);
  groups.set(key, {
    model,
    method,
    call,
    error,
    count: (before?.count ?? 0) + 1,
    first: Math.min(before?.first ?? at, at),
    last: Math.max(before?.last ?? at, at),
    newest: Math.max(before?.newest ?? id, id),
  });
}
