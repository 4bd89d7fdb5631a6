/** The recurring tasks of models and functions: `static cron`, and the option `cron` of `task()`. */
import type { ModelCatalog } from "../catalog.ts";
import { callOf } from "../cron/call.ts";
import { type CronDefinition, readCron } from "../cron/definition.ts";
import type { CronText } from "../cron/ledger.ts";
import type { ModelCrons } from "../cron/merge.ts";
import { TqError, messageOf } from "../errors.ts";
import { quote } from "../quote.ts";
import { didYouMean } from "../suggest.ts";
import { isPlain } from "../values/plain.ts";
import { callName, callWords } from "../task.ts";
import {
  isFunction,
  methodNames,
  methodsOnRecords,
  type ModelClass,
  requireMethod,
} from "./model-class.ts";

/**
 * The recurring tasks of the models of a path.
 *
 * @throws TqError "models"
 */
export function modelCrons(path: string, models: readonly ModelClass[]): ModelCrons {
  return { path, definitions: recurringTasks(models), onRecords: methodsOnRecords(models) };
}

/** @throws TqError "models" for what cannot be a recurring task, and for two of one name. */
export function recurringTasks(models: Iterable<ModelClass>): CronText[] {
  const found = new Map<string, { readonly place: string; readonly text: CronText }>();
  for (const model of models) {
    for (const [name, given] of Object.entries(saidBy(model))) {
      const place = placeOf(model, name);
      const definition = readOne(model, name, given, place);
      const other = found.get(name);
      if (other !== undefined)
        throw refused(`${other.place} and ${place} have one name; rename one of them`);
      found.set(name, { place, text: { name, definition } });
    }
  }
  return [...found.values()].map(({ text }) => text);
}

/** A class that extends a model, under a name of its own, does not repeat its recurring tasks. */
function saidBy(model: ModelClass): object {
  let owner: ModelClass | null = model;
  while (owner?.__name__ === model.__name__ && !Object.hasOwn(owner, "cron")) {
    owner = Object.getPrototypeOf(owner) as ModelClass | null;
  }
  if (owner?.__name__ !== model.__name__) return {};
  const { cron } = owner as { readonly cron?: unknown };
  if (cron === undefined || typeof cron === "function") return {}; // a method may have this name
  if (isTable(cron)) return cron;
  const place = placeOf(model);
  throw refused(`${place} cannot be ${quote(cron)}: it must be an object of recurring tasks`);
}

function readOne(model: ModelClass, name: string, given: unknown, place: string): string {
  if (!isTable(given)) throw refused(`${place} cannot be ${quote(given)}: give it a schedule`);
  const { method, ...said } = given as Record<string, unknown>;
  if ("task" in said) throw refused(`${place} has a task: say its method instead`);
  if (isFunction(model)) checkFunction(model, method, said, place);
  else checkMethod(model, method, said["instances"], place);
  const task = callName(model.__name__, isFunction(model) ? null : String(method));
  try {
    return readCron(name, { ...said, task }, place, (key) => key, ".").text;
  } catch (error) {
    throw refused(messageOf(error));
  }
}

function checkMethod(model: ModelClass, method: unknown, instances: unknown, place: string): void {
  const names = methodNames(model);
  if (method === undefined) throw refused(`${place}.method is missing: it must be ${of(names)}`);
  if (typeof method !== "string" || !names.includes(method)) {
    const near =
      (typeof method === "string" && didYouMean(method, names)) || `; it must be ${of(names)}`;
    const why = `the model ${model.__name__} has no such method${near}`;
    throw refused(`${place}.method cannot be ${quote(method)}: ${why}`);
  }
  const { kind } = requireMethod(model, method, "call");
  const hasOne = instances !== undefined && !(Array.isArray(instances) && instances.length === 0);
  if (kind === "static" || hasOne) return;
  throw refused(`${place}.instances is missing: ${method} is called on records; say their ids`);
}

function of(names: readonly string[]): string {
  return names.length === 0 ? "the name of a method" : `one of ${names.join(", ")}`;
}

function checkFunction(model: ModelClass, method: unknown, said: object, place: string): void {
  const name = model.__name__;
  if (method !== undefined) throw refused(`${place} cannot have a method: a function has none`);
  if ("instances" in said) throw refused(`${place} cannot have instances: a function has none`);
  if (!name.includes(".")) return;
  const why = `${name} would be taken for a method of a model; give the function a name without a dot`;
  throw refused(`${place}: ${why}`);
}

/** Says that no model has the method of a recurring task; null: one has. */
export function unknownTask(definition: CronDefinition, catalog: ModelCatalog): string | null {
  const { instances } = definition;
  const name = callWords({ ...callOf(definition), instances });
  const names = Object.entries(catalog).flatMap(([model, methods]) =>
    (methods ?? [null]).map((method) => callName(model, method)),
  );
  if (names.includes(name)) return null;
  const hint = didYouMean(name, names) || "; its tasks fail unless another worker has it";
  return `there is no ${name} in the models${hint}`;
}

function placeOf(model: ModelClass, name?: string): string {
  const base = isFunction(model)
    ? `task(${JSON.stringify(model.__name__)}).cron`
    : `${model.__name__}.cron`;
  return name === undefined ? base : `${base}.${name}`;
}

function isTable(value: unknown): value is object {
  return typeof value === "object" && value !== null && isPlain(value);
}

function refused(why: string): TqError {
  return new TqError("models", why);
}
