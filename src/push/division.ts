/** From one call to its tasks: one, or several where a list is divided. */
import { TqError } from "../errors.ts";
import { quote } from "../quote.ts";
import type { NewTask } from "../task.ts";

/**
 * One task, or one a batch; an empty list makes none.
 *
 * @param common what all of them share
 * @param batch instances per task; null: no division
 * @param refName what the sentence of an error begins with
 * @throws TqError "invalid" where several were to share a ref.
 */
export function toTasks(
  common: Omit<NewTask, "instances">,
  instances: number | readonly number[],
  batch: number | null,
  refName = "Cannot push: ref",
): NewTask[] {
  if (typeof instances === "number") return [{ ...common, instances }];
  const { length } = instances;
  if (length === 0) return [];
  if (batch === null || length <= batch) return [{ ...common, instances }];
  if (common.ref !== null) throw sharedRef(refName, common.ref, Math.ceil(length / batch));
  const tasks: NewTask[] = [];
  for (let start = 0; start < length; start += batch) {
    tasks.push({ ...common, instances: instances.slice(start, start + batch) });
  }
  return tasks;
}

/**
 * @param batch as it is given: false, null and undefined are none.
 * @throws TqError "invalid" where the push of a function gives one.
 */
export function refuseBatchOfFunction(batch: unknown, name = "Cannot push: batch"): void {
  if (batch === undefined || batch === null || batch === false) return;
  const why = "it divides a list of records, and a function has none; leave it out";
  throw new TqError("invalid", `${name} cannot be ${quote(batch)}: ${why}`);
}

function sharedRef(name: string, ref: string, tasks: number): TqError {
  const why = `a ref names one task, and these are ${tasks}`;
  return new TqError("invalid", `${name} cannot be ${quote(ref)}: ${why}`);
}
