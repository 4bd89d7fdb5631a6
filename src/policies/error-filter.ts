/** Which errors a policy means: by their classes, by their names, or by a function. */
import { TqError } from "../errors.ts";
import { inspected } from "../quote.ts";

/** A class of errors, as `instanceof` takes it. */
type ErrorClass = abstract new (...args: never) => Error;

/** Errors by their classes or by their `name` or `code`, or a function that says true for them. */
export type ErrorFilter = readonly (ErrorClass | string)[] | ((error: unknown) => boolean);

/** @throws TqError "invalid" */
export function readFilter(value: unknown, name: string, allowed: string): ErrorFilter {
  if (typeof value === "function" && !isErrorClass(value)) return value as ErrorFilter;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const wrong = list.findIndex((one) => !isErrorClass(one) && (typeof one !== "string" || !one));
  if (wrong === -1 && list.length > 0) return list as (ErrorClass | string)[];
  const isItem = Array.isArray(value) && wrong !== -1;
  const [where, given] = isItem ? [`${name}[${wrong}]`, list[wrong]] : [name, value];
  throw new TqError("invalid", `${where} cannot be ${inspected(given)}: it must be ${allowed}`);
}

/** @throws what a function of the model throws. */
export function isMeant(filter: ErrorFilter, error: unknown): boolean {
  return typeof filter === "function"
    ? filter(error) === true
    : filter.some((one) => isOf(error, one));
}

export function filterWords(filter: ErrorFilter): string {
  if (typeof filter === "function") return "a function of the model";
  return filter.map((one) => (typeof one === "string" ? one : one.name)).join(", ");
}

function isErrorClass(value: unknown): value is ErrorClass {
  if (typeof value !== "function") return false;
  const { prototype } = value as { prototype?: unknown };
  return value === Error || prototype instanceof Error;
}

/** A class matches its name too: an error may come from another copy of a library. */
function isOf(error: unknown, one: ErrorClass | string): boolean {
  if (typeof one !== "string") return error instanceof one;
  if (typeof error !== "object" || error === null) return false;
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === one || code === one || namesOfClasses(error).includes(one);
}

/** The names of the error's class and of those that it extends. */
function namesOfClasses(error: object): string[] {
  const names: string[] = [];
  for (
    let prototype = Object.getPrototypeOf(error) as object | null;
    prototype !== null && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    names.push(prototype.constructor.name);
  }
  return names;
}
