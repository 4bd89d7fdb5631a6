/** Groups failed tasks by their method and the first line of their error: many fail for one cause. */
import { errorOf } from "../error-line.ts";
import type { Store } from "../store/store.ts";
import { callWords, type Task } from "../task.ts";

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
  /** How many failed tasks were looked at: the last ones pushed. */
  readonly looked: number;
  /** False: there are more. */
  readonly isAll: boolean;
}

/** A page reads so many in some ms. */
const MOST_TASKS = 1_000;

/** Parts of about a megabyte, where tasks are large. */
const MOST_PARTS = 8;

export async function failedGroups(store: Store, most = MOST_TASKS): Promise<FailedGroups> {
  const groups = new Map<string, FailedGroup>();
  let [seen, parts, isAll] = [0, 0, true];
  for await (const { found, downTo } of store.parts({ states: ["failed"], limit: most + 1 })) {
    for (const task of found.slice(0, most - seen)) add(groups, task);
    seen += found.length;
    parts += 1;
    isAll = seen <= most && (downTo === null || parts < MOST_PARTS);
    if (!isAll) break;
  }
  const sorted = [...groups.values()].sort((a, b) => b.count - a.count || b.last - a.last);
  return { groups: sorted, looked: Math.min(seen, most), isAll };
}

function add(groups: Map<string, FailedGroup>, task: Task): void {
  const { id, model, method, reason, enqueued_at, finished_at } = task;
  const [call, at] = [callWords(task), finished_at ?? enqueued_at];
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
