/** How a run ended, as plain data that the store turns into one guarded UPDATE. */
import { UserError } from "./errors.ts";
import { openFilesWords } from "./open-files.ts";
import { inspected } from "./quote.ts";
import { userStack } from "./stack.ts";

/** An error as data, made by `toErrorData`: `postMessage` would lose its name and fields. */
export interface ErrorData {
  readonly name: string;
  readonly message: string;
  /** The frames of the user's own code, and below them the causes of the error with theirs. */
  readonly stack: string | null;
  /** Its `code`, such as ECONNREFUSED; absent: it has none. */
  readonly code?: string | number | null;
}

export type Outcome =
  | {
      readonly kind: "finished";
      readonly result: string | null;
      /** Why the method was not called; null where it was. */
      readonly reason: string | null;
    }
  | { readonly kind: "failed"; readonly error: ErrorData }
  /** The run failed and used up an attempt of its policy: run the task again after `delay` ms. */
  | { readonly kind: "retry"; readonly delay: number; readonly error: ErrorData }
  /** The method asked for a later run, after `delay` ms. */
  | {
      readonly kind: "snoozed";
      readonly delay: number;
      readonly reason: string | null;
      /** Why the delay is longer than the method asked for; absent where it is not. */
      readonly raised?: string;
    }
  | {
      readonly kind: "cancelled";
      readonly reason: string;
      /** True where the method was not called: it is no run of the task. Absent: it was called. */
      readonly neverRan?: true;
    }
  /** The database was busy or changed under the run: run the task again after `delay` ms. */
  | { readonly kind: "postponed"; readonly delay: number; readonly error: ErrorData }
  /** The run did not end, or was not settled, and its task is not to blame: it is ready again. */
  | { readonly kind: "interrupted"; readonly reason: string };

/** How a run is settled: by its own outcome, or as crashed when its thread or its process died. */
export type Settlement =
  | Outcome
  /** The task goes back to `ready` as a suspect, or to `failed` at `maxCrashes`. */
  | { readonly kind: "crashed"; readonly reason: string; readonly maxCrashes: number };

export type OutcomeKind = Outcome["kind"];

/** The most characters of an error's texts, here alone: no task can fill the disk, or a line of the log, with errors. */
const MAX_CHARACTERS = 10_000;
const MAX_NAME_CHARACTERS = 200;

/** A thrown value as data, its texts cut. It never throws, though a proxy or a getter in that value may. */
export function toErrorData(error: unknown): ErrorData {
  try {
    return describe(error);
  } catch {
    return { name: "Error", message: "the thrown value cannot be read", stack: null };
  }
}

function describe(error: unknown): ErrorData {
  if (error instanceof Error) {
    const { stack } = error;
    const name = errorName(error);
    const own = stack ? userStack(named(String(stack), error, name), name === "TqError") : "";
    const shown = cut([own, ...causes(error)].filter((text) => text !== "").join("\n")) || null;
    const why = openFilesWords(error);
    const said = `${messageIn(error)}${descriptionOf(error)}`;
    const full = why === null ? said : `${said} (${why})`;
    const data = { name: cut(name, MAX_NAME_CHARACTERS), message: cut(full), stack: shown };
    const code = codeOf(error);
    return code === null ? data : { ...data, code };
  }
  return {
    name: "Error",
    message: cut(`${inspected(error, MAX_CHARACTERS)} was thrown`),
    stack: null,
  };
}

/** The message; of an AggregateError without one, as Promise.any throws it, what its errors say. */
function messageIn(error: Error): string {
  const message = String(error.message);
  if (message !== "" || !(error instanceof AggregateError)) return message;
  const [first] = error.errors as unknown[];
  if (first === undefined) return "";
  const { name, message: words } = toErrorData(first);
  const count = error.errors.length;
  return `${count === 1 ? "its error" : `the first of its ${count} errors`}: ${errorWords({ name, message: words })}`;
}

/** `TypeError: no`, or the name alone. */
export function errorWords({ name, message }: Pick<ErrorData, "name" | "message">): string {
  return message === "" ? name : `${name}: ${message}`;
}

/** Error and those of its kind that JavaScript has: a class that extends one inherits its name. */
const BUILT_IN = /^(?:Eval|Range|Reference|Syntax|Type|URI|Aggregate)?Error$/;

/** The name of an error: that of its class, where it has none of its own. */
export function errorName(error: Error): string {
  const name = String(error.name);
  if (Object.hasOwn(error, "name") || !BUILT_IN.test(name)) return name;
  const { name: ofClass } = error.constructor as { name?: unknown };
  return typeof ofClass === "string" && ofClass !== "" ? ofClass : name;
}

/** The stack of such an error begins with the name of a built-in one, and not always with that of `name`. */
function named(stack: string, error: Error, name: string): string {
  const start = /^\w+(?=[:\n]|$)/.exec(stack)?.[0] ?? "";
  const isInherited = name !== String(error.name) && BUILT_IN.test(start);
  return isInherited ? name + stack.slice(start.length) : stack;
}

function codeOf(error: Error): string | number | null {
  const { code } = error as { code?: unknown };
  if (typeof code === "number") return Number.isSafeInteger(code) ? code : null;
  return typeof code === "string" && code !== "" ? cut(code, MAX_NAME_CHARACTERS) : null;
}

/** A chain of causes may be endless, and an AggregateError may hold thousands of errors. */
const MOST_CAUSES = 8;

/** The texts below the stack of an error: its cause, the cause of that, and the errors of an AggregateError. */
function causes(error: Error): string[] {
  const shown = new Set<unknown>([error]);
  const texts: string[] = [];
  const show = (what: string, cause: unknown): void => {
    if (cause === undefined || shown.has(cause) || shown.size > MOST_CAUSES) return;
    shown.add(cause);
    texts.push(`${what} ${causeText(cause)}`);
    if (cause instanceof Error) showBelow(cause);
  };
  const showBelow = (above: Error): void => {
    show("caused by", above.cause);
    if (!(above instanceof AggregateError)) return;
    for (const one of above.errors as unknown[]) show("one of its errors:", one);
  };
  showBelow(error);
  return texts;
}

function causeText(cause: unknown): string {
  try {
    if (typeof cause === "string") return cut(cause, 1_000);
    if (!(cause instanceof Error)) return inspected(cause, 1_000);
    const frames = userStack(String(cause.stack ?? ""), false)
      .split("\n")
      .filter((line) => /^\s+at /.test(line));
    return [`${errorName(cause)}: ${cut(String(cause.message), 1_000)}`, ...frames].join("\n");
  } catch {
    return "an error that cannot be read";
  }
}

function descriptionOf(error: Error): string {
  const { description = "" } = error as UserError;
  return error instanceof UserError && description !== "" ? ` - ${description}` : "";
}

/** The start of a text, without half a surrogate pair, as a row and a line of the log can carry it. */
export function cut(text: string, characters = MAX_CHARACTERS): string {
  const whole = text.length <= characters ? text : `${text.slice(0, characters)}…`;
  return whole.toWellFormed();
}
