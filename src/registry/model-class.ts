/** A model, with or without a table: a class with a name and methods that tasks call. */
import { callName } from "../task.ts";
import { TqError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import type { ModelCatalog } from "../catalog.ts";

/**
 * Marks tq's own base classes: tasks cannot call what they define. The marks are registered symbols, as a
 * compiled program may carry two copies of this file.
 */
export const BASE: unique symbol = Symbol.for("tq.base") as never;

/** The method that checks a record before its id is used. @throws TqError "conflict" when its row was rolled back. */
export const CHECK_ROW: unique symbol = Symbol.for("tq.check-row") as never;

/** A class that a task can name. */
export interface ModelClass {
  readonly __name__: string;
  // eslint-disable-next-line typescript/no-explicit-any -- any constructor will do, and only `any` says so
  new (...args: any[]): object;
  readonly prototype: object;
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** A method of a model: called with the records (static), on each record (instance), or as a plain function. */
export interface ModelMethod {
  readonly kind: "static" | "instance" | "function";
  readonly call: Method;
}

/** Marks the model that stands for a plain function: the function is its only method. */
export const FUNCTION: unique symbol = Symbol.for("tq.function") as never;

/** A value of `task()` has the model that stands for it here. */
export const MODEL_OF: unique symbol = Symbol.for("tq.model-of") as never;

/** The model that a value is, or that stands for it: an export of a models file. */
export function modelOf(value: unknown): ModelClass | undefined {
  if (typeof value !== "function") return undefined;
  const model = (value as { readonly [MODEL_OF]?: unknown })[MODEL_OF] ?? value;
  return isModelClass(model) ? model : undefined;
}

/** True for the model that stands for a plain function. */
export function isFunction(model: ModelClass): boolean {
  return FUNCTION in model;
}

/** True for a class made with `Model` or `ModelSQL`, by any copy of tq in the process. */
export function isModelClass(value: unknown): value is ModelClass {
  return typeof value === "function" && BASE in value && typeof nameOf(value) === "string";
}

function nameOf(value: object): unknown {
  return (value as { __name__?: unknown }).__name__;
}

/** The classes that the user wrote: from this one up to tq's own. */
function* userClasses(model: object): Generator<{ statics: object; prototype: object }> {
  for (
    let statics: object | null = model;
    statics && !Object.hasOwn(statics, BASE);
    statics = Object.getPrototypeOf(statics) as object | null
  ) {
    yield { statics, prototype: (statics as { prototype: object }).prototype };
  }
}

const NOT_METHODS = new Set(["constructor", "prototype", "__proto__", "__queue__"]);

function ownMethod(object: object, name: string): Method | undefined {
  if (NOT_METHODS.has(name) || !name.isWellFormed()) return undefined; // no task can name it
  const value: unknown = Object.getOwnPropertyDescriptor(object, name)?.value;
  return typeof value === "function" && !isClass(value) ? (value as Method) : undefined;
}

/** True for a class: its `prototype` is read-only, that of a function is not, and most methods have none. */
export function isClass(value: object): boolean {
  return Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false;
}

function findMethod(model: ModelClass, name: string): ModelMethod | undefined {
  for (const { statics, prototype } of userClasses(model)) {
    const onClass = ownMethod(statics, name);
    if (onClass) return { kind: isFunction(model) ? "function" : "static", call: onClass };
    const onRecord = ownMethod(prototype, name);
    if (onRecord) return { kind: "instance", call: onRecord };
  }
  return undefined;
}

/** The names of all methods that a task can call on this model. */
export function methodNames(model: ModelClass): string[] {
  const names = new Set<string>();
  for (const { statics, prototype } of userClasses(model)) {
    for (const object of [statics, prototype]) {
      for (const name of Object.getOwnPropertyNames(object)) {
        if (ownMethod(object, name)) names.add(name);
      }
    }
  }
  return [...names].sort();
}

const found = new WeakMap<ModelClass, Map<string, ModelMethod>>();

/** A check instead of a search at each call: classes can be changed while a program runs. */
function isThere(model: ModelClass, name: string, { kind, call }: ModelMethod): boolean {
  const holder: object = kind === "instance" ? model.prototype : model;
  return (holder as Readonly<Record<string, unknown>>)[name] === call;
}

/** The model's method of this name, never one of `Object` or of tq's base classes. */
export function methodOf(model: ModelClass, name: string): ModelMethod | undefined {
  let methods = found.get(model);
  if (!methods) found.set(model, (methods = new Map<string, ModelMethod>()));
  const known = methods.get(name);
  if (known && isThere(model, name, known)) return known;
  const method = findMethod(model, name);
  if (method) methods.set(name, method);
  return method;
}

/**
 * The model's method of this name.
 *
 * @param why the end of the sentence.
 * @throws TqError "not_found", with the near name.
 */
export function requireMethod(
  model: ModelClass,
  name: string,
  action: string,
  why = "",
): ModelMethod {
  const method = methodOf(model, name);
  if (method) return method;
  throw new TqError(
    "not_found",
    `Cannot ${action} ${model.__name__}.${name}: the model ${model.__name__} has no method ${JSON.stringify(name)}${didYouMean(name, methodNames(model))}${why}`,
  );
}

/** The methods of models that are called on records, such as "invoice.send". */
export function methodsOnRecords(models: Iterable<ModelClass>): string[] {
  return [...models].flatMap((model) =>
    methodNames(model)
      .filter((name) => findMethod(model, name)?.kind === "instance")
      .map((name) => callName(model.__name__, name)),
  );
}

export function catalogOf(models: Iterable<ModelClass>): ModelCatalog {
  const catalog = Object.create(null) as Record<string, readonly string[] | null>;
  for (const model of models) {
    catalog[model.__name__] = isFunction(model) ? null : methodNames(model);
  }
  return catalog;
}
