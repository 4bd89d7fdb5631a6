/** A page of a list of tasks: where few of millions match, it ends after some ms with those that it has found. */
import { monotonicNow } from "../clock.ts";
import type { ReadFilter } from "../store/looking.ts";
import type { Store } from "../store/store.ts";
import type { Task } from "../task.ts";

const LOOKED_MS = 20;

export interface TaskPage {
  readonly tasks: readonly Task[];
  /** The next page has ids below this one; null: there is none. */
  readonly next: number | null;
  /** True: the page has fewer tasks than it may, though there may be more. */
  readonly isShort: boolean;
}

interface PageOptions {
  /** The ms of a clock that only grows. */
  readonly elapsed?: () => number;
  /** True where the page ends with this part, as its tasks are large. */
  readonly isLarge?: (found: readonly Task[]) => boolean;
}

export async function taskPage(
  store: Pick<Store, "parts">,
  filter: ReadFilter & { readonly limit: number },
  { elapsed = monotonicNow, isLarge = () => false }: PageOptions = {},
): Promise<TaskPage> {
  const end = elapsed() + LOOKED_MS;
  const tasks: Task[] = [];
  for await (const { found, downTo } of store.parts(filter)) {
    tasks.push(...found);
    if (isLarge(found)) return { tasks, next: downTo, isShort: true };
    if (tasks.length >= filter.limit) return { tasks, next: lastOf(tasks), isShort: false };
    if (downTo !== null && elapsed() > end) return { tasks, next: downTo, isShort: true };
  }
  return { tasks, next: null, isShort: false };
}

function lastOf(tasks: readonly Task[]): number | null {
  return tasks.at(-1)?.id ?? null;
}
