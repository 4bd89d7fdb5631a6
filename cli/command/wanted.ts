/** The task that a command is about: given by its id, or by the ref of its push. */
import { noSuchTask, TqError } from "../../src/errors.ts";
import { OPTIONS } from "../../src/push/task-options.ts";
import { quote } from "../../src/quote.ts";
import type { WantedTask } from "../../src/store/situation.ts";
import type { Store } from "../../src/store/store.ts";
import type { Task } from "../../src/task.ts";
import { readId } from "./values.ts";

export const REF_FLAG = {
  type: "string",
  valueHint: "TEXT",
  description: "Instead of an id, the ref of its push",
} as const;

/**
 * @param verb completes "Cannot …": `show`.
 * @throws TqError "invalid" where neither is given, or both are.
 */
export function readWanted(
  verb: string,
  id: string | undefined,
  ref: string | undefined,
): WantedTask {
  if (id !== undefined && ref === undefined) {
    if (/^\d+(?:,\d*)+$/.test(id)) throw refused(verb, `give one id, not ${id}`);
    return { id: readId(id) };
  }
  if (id === undefined && ref !== undefined) {
    return { ref: OPTIONS.ref.kind.readText(ref, "--ref") };
  }
  const why =
    id === undefined ? "give the id of a task, or --ref" : "give an id or --ref, not both";
  throw refused(verb, why);
}

function refused(verb: string, why: string): TqError {
  return new TqError("invalid", `Cannot ${verb}: ${why}`);
}

/** @throws TqError "not_found" */
export async function findWanted(store: Store, wanted: WantedTask, verb: string): Promise<Task> {
  const task = "id" in wanted ? await store.get(wanted.id) : await store.getByRef(wanted.ref);
  if (task !== null) return task;
  throw noSuchWanted(wanted, verb);
}

export function noSuchWanted(wanted: WantedTask, verb: string): TqError {
  const name = "id" in wanted ? `task ${wanted.id}` : `the task with the ref ${quote(wanted.ref)}`;
  return noSuchTask(`${verb} ${name}`);
}
