/** Which errors a policy means: by their classes, by their names, or by a function. */
import { TqError } from "../errors.ts";
import { inspected } from "../quote.ts";
import { checkedFunction, notPromise } from "./policy-function.ts";

/** A class of errors, as `instanceof` takes it. */
export type ErrorClass = abstract new (...args: never) => Error;

/** Errors by their classes or by their `name` or `code`, or a function that says true for them. */
export type ErrorFilter = readonly (ErrorClass | string)[] | ((error: unknown) => boolean);

/** @throws TqError "invalid" */
export function readFilter(value: unknown, name: string, allowed: string): ErrorFilter {
  if (typeof value === "function" && !isErrorClass(value)) {
    if (isClass(value)) throw refused(value, name, `${allowed}; it extends no Error`);
    return checkedFunction(value, name) as ErrorFilter;
  }
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const wrong = list.findIndex((one) => !isErrorClass(one) && (typeof one !== "string" || !one));
  if (wrong === -1 && list.length > 0) return list as (ErrorClass | string)[];
  const isItem = Array.isArray(value) && wrong !== -1;
  if (isItem) throw refused(list[wrong], `${name}[${wrong}]`, "the name or the class of an error");
  throw refused(value, name, allowed);
}

function refused(value: unknown, name: string, allowed: string): TqError {
  return new TqError("invalid", `${name} cannot be ${inspected(value)}: it must be ${allowed}`);
}

/** @throws what a function of the model throws. */
export function isMeant(filter: ErrorFilter, error: unknown): boolean {
  return typeof filter === "function"
    ? answerOf(filter(error))
    : filter.some((one) => asked(() => isOf(error, one)));
}

/** The answer to a question about a thrown value; false where its own code throws, as that of a proxy may. */
export function asked(question: () => boolean): boolean {
  try {
    return question();
  } catch {
    return false;
  }
}

/** A function that answers nothing does not mean the error; another answer than true or false is a mistake of it. */
function answerOf(answer: unknown): boolean {
  notPromise(answer);
  if (typeof answer === "boolean") return answer;
  if (answer === undefined || answer === null) return false;
  throw new TqError("invalid", `it returned ${inspected(answer)}, which is neither true nor false`);
}

function isClass(value: Function): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
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
