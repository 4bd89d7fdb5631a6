/**
 * Where the tasks of a push go and when, as the keys of a context or of `push()` say.
 * Tryton: https://docs.tryton.org/latest/server/topics/task_queue.html
 */
import { TqError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import type { Basis } from "../values/option-kinds.ts";
import {
  type OptionColumns,
  OPTIONS_BY_CONTEXT_KEY,
  PRESETS,
  type TaskOption,
  toColumns,
} from "./task-options.ts";

/** The options of a push, read and checked. */
export interface Placement {
  readonly columns: OptionColumns;
  /** Instances per task; null: no division. */
  readonly batch: number | null;
}

type Given = Readonly<Record<string, unknown>>;

/**
 * Reads the options among the keys of an object.
 *
 * @param options by the names that they have there
 * @param basis what lengths of time, and `batch: true`, count from
 * @param check called with each other key
 */
export function readOptions(
  given: Given,
  options: ReadonlyMap<string, TaskOption>,
  basis: Basis,
  check: (key: string) => void,
): Placement {
  let found: Partial<Record<TaskOption["key"], unknown>> | null = null;
  let batch: number | null = null;
  for (const key of Object.keys(given)) {
    const option = options.get(key);
    const value = given[key];
    if (option === undefined) check(key);
    else if (value === undefined || value === null) continue;
    else {
      const read = option.kind.read(value, `Cannot push: ${key}`, basis);
      if (option.key === "batch") batch = read as number | null;
      else (found ??= {})[option.key] = read;
    }
  }
  return { columns: found ? toColumns(found, basis) : PRESETS, batch };
}

/** Tryton drops these two before it stores the context. */
const DROPPED = new Set(["_check_access", "language"]);

/** Splits a context into where the task goes and what is stored with it; the context itself is not touched. */
export function splitContext(
  context: Given,
  basis: Basis,
): { placement: Placement; stored: Given } {
  const placement = readOptions(context, OPTIONS_BY_CONTEXT_KEY, basis, checkContextKey);
  return { placement, stored: storedPart(context) };
}

function checkContextKey(key: string): void {
  if (!key.startsWith("queue_")) return;
  const keys = [...OPTIONS_BY_CONTEXT_KEY.keys()];
  throw new TqError(
    "invalid",
    `Cannot push with the context key ${key}: it is not one of ${keys.join(", ")}${didYouMean(key, keys)}`,
  );
}

function storedPart(context: Given): Given {
  const stored: Record<string, unknown> = {};
  for (const key of Object.keys(context)) {
    if (DROPPED.has(key) || OPTIONS_BY_CONTEXT_KEY.has(key)) continue;
    Object.defineProperty(stored, key, {
      value: context[key],
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return stored;
}

/**
 * Why a context that is given beside options of their own names, as in `push()` and over HTTP, cannot have this key;
 * undefined: it can.
 *
 * @param nameOf names an option there: `the field "queue"`
 */
export function steeringProblem(
  key: string,
  nameOf: (option: TaskOption) => string,
): string | undefined {
  if (!key.startsWith("queue_")) return undefined;
  const option = OPTIONS_BY_CONTEXT_KEY.get(key);
  if (option !== undefined) return `give ${nameOf(option)} of the task instead of the key ${key}`;
  const near = didYouMean(key, OPTIONS_BY_CONTEXT_KEY.keys());
  return `keys that start with queue_ are reserved, and ${JSON.stringify(key)} is none of them${near}`;
}
