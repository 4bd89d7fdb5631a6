/** Reads the filter of a list of tasks. */
import { TqError } from "../errors.ts";
import { quote } from "../quote.ts";
import type { TaskFilter } from "../store/looking.ts";
import { didYouMean } from "../suggest.ts";
import { TASK_STATES, type TaskState } from "../task.ts";
import { text, whole } from "../values/option-kinds.ts";

type Read = (value: unknown, name: string) => unknown;

const READERS: Readonly<Record<keyof TaskFilter, Read>> = {
  states: readStates,
  queue: text("the name of a queue").read,
  model: text("the name of a model").read,
  ref: text("the ref of a task").read,
  before: whole("the id of a task: a whole number from 1 up", 1).read,
  limit: whole("a whole number from 1 up", 1).read,
};

/** @throws TqError "invalid" */
export function readFilter(filter: unknown): TaskFilter {
  if (typeof filter !== "object" || filter === null || Array.isArray(filter)) {
    throw refused(`${quote(filter)} is no filter; give an object like { states: ["failed"] }`);
  }
  const read: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(filter)) {
    if (!Object.hasOwn(READERS, key)) {
      throw refused(`${key} is not part of a filter${didYouMean(key, Object.keys(READERS))}`);
    }
    if (value === undefined) continue;
    read[key] = READERS[key as keyof TaskFilter](value, `Cannot list tasks: ${key}`);
  }
  return read;
}

function readStates(value: unknown, name: string): TaskState[] {
  if (!Array.isArray(value)) {
    throw new TqError("invalid", `${name} cannot be ${quote(value)}: it must be a list of states`);
  }
  return value.map((given: unknown) => {
    const state = TASK_STATES.find((one) => one === given);
    if (state !== undefined) return state;
    const near = didYouMean(String(given), TASK_STATES);
    const why = `${quote(given)} is not one of ${TASK_STATES.join(", ")}${near}`;
    throw new TqError("invalid", `${name}: ${why}`);
  });
}

function refused(why: string): TqError {
  return new TqError("invalid", `Cannot list tasks: ${why}`);
}
