/** Reads tasks and their history. It takes no lock, and shows what is committed. */
import type { Store } from "../store/store.ts";
import type { Attempt, Task, TaskError } from "../task.ts";
import { text } from "../values/option-kinds.ts";
import { hasEnded } from "./end.ts";
import { readFilter } from "./filter.ts";
import { onDisk } from "./on-disk.ts";
import { readId } from "./wait-options.ts";

const REF = text("the ref of a task");

export async function getTask(store: Store, id: number): Promise<Task | null> {
  return told(store, await store.get(readId(id, "show")));
}

export async function getTaskByRef(store: Store, ref: string): Promise<Task | null> {
  return told(store, await store.getByRef(REF.read(ref, "Cannot show a task: its ref")));
}

export async function listTasks(store: Store, filter: unknown): Promise<Task[]> {
  const list = await store.list(readFilter(filter, "list", store.now()));
  if (list.some(hasEnded)) await onDisk(store);
  return list;
}

async function told(store: Store, task: Task | null): Promise<Task | null> {
  if (task && hasEnded(task)) await onDisk(store);
  return task;
}

export async function attemptsOf(store: Store, id: number): Promise<Attempt[]> {
  const runs = await store.attempts(readId(id, "show"));
  if (runs.some(({ ended_at }) => ended_at !== null)) await onDisk(store);
  return runs;
}

export async function errorsOf(store: Store, id: number): Promise<TaskError[]> {
  const errors = await store.errors(readId(id, "show"));
  if (errors.length > 0) await onDisk(store);
  return errors;
}
