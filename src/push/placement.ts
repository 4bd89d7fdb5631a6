/**
 * Where the tasks of a push go and when, as the keys of a context or of `push()` say.
 * Tryton: https://docs.tryton.org/latest/server/topics/task_queue.html
 */
import { TqError } from "../errors.ts";
import { nameHint } from "../policies/other-names.ts";
import { didYouMean } from "../suggest.ts";
import type { Basis } from "../values/option-kinds.ts";
import {
  type OptionColumns,
  OPTIONS_BY_CONTEXT_KEY,
  OPTIONS_BY_KEY,
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

type Found = Partial<Record<TaskOption["key"], unknown>>;

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
  check: (key: string, value: unknown) => void,
): Placement {
  return toPlacement(findOptions(given, options, basis, check, null), basis);
}

/** @param found options of less weight, which it changes; null: none */
function findOptions(
  given: Given,
  options: ReadonlyMap<string, TaskOption>,
  basis: Basis,
  check: (key: string, value: unknown) => void,
  found: Found | null,
): Found | null {
  for (const key of Object.keys(given)) {
    const option = options.get(key);
    const value = given[key];
    if (option === undefined) check(key, value);
    else if (value === undefined) continue;
    else if (value !== null || option.hasNone === true) {
      (found ??= {})[option.key] = option.kind.read(value, `Cannot push: ${key}`, basis);
    } else if (found) found[option.key] = undefined;
  }
  return found;
}

function toPlacement(found: Found | null, basis: Basis): Placement {
  const batch = (found?.batch ?? null) as number | null;
  return { columns: found ? toColumns(found, basis) : PRESETS, batch };
}

/** Tryton drops these two before it stores the context. */
const DROPPED = new Set(["_check_access", "language"]);

/**
 * Splits a context into where the task goes and what is stored with it; the context itself is not touched.
 *
 * @param own options of the push, which win over those of the context
 */
export function splitContext(
  context: Given,
  basis: Basis,
  own: Given | null = null,
): { placement: Placement; stored: Given } {
  let found = findOptions(context, OPTIONS_BY_CONTEXT_KEY, basis, checkContextKey, null);
  if (own) found = findOptions(own, OPTIONS_BY_KEY, basis, checkOwnKey, found);
  return { placement: toPlacement(found, basis), stored: storedPart(context) };
}

function checkOwnKey(key: string, value: unknown): void {
  const isOfTransaction = key === "user" || key === "context";
  const hint = isOfTransaction
    ? "; give it to Transaction.start"
    : nameHint(key, OPTIONS_BY_KEY.keys(), value);
  throw new TqError("invalid", `Cannot push: ${key} is not an option of with()${hint}`);
}

function checkContextKey(key: string, value: unknown): void {
  if (!key.startsWith("queue_")) return;
  const keys = [...OPTIONS_BY_CONTEXT_KEY.keys()];
  throw new TqError(
    "invalid",
    `Cannot push with the context key ${key}: it is not one of ${keys.join(", ")}${contextHint(key, value)}`,
  );
}

function contextHint(key: string, value: unknown): string {
  const keys = [...OPTIONS_BY_CONTEXT_KEY.keys()];
  const written = (name: string) => OPTIONS_BY_KEY.get(name)?.context ?? null;
  return nameHint(key.slice("queue_".length), keys, value, written) || didYouMean(key, keys);
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
  const near = contextHint(key, undefined);
  return `keys that start with queue_ are reserved, and ${JSON.stringify(key)} is none of them${near}`;
}
