/** How a run ended, as plain data that the store turns into one guarded UPDATE. */
import { UserError } from "./errors.ts";
import { openFilesWords } from "./open-files.ts";
import { inspected } from "./quote.ts";
import { userStack } from "./stack.ts";

/** An error as data, made by `toErrorData`: `postMessage` would lose its name and fields. */
export interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
}

export type Outcome =
  | {
      readonly kind: "finished";
      readonly result: string | null;
      /** Why the method was not called; null where it was. */
      readonly reason: string | null;
    }
  | { readonly kind: "failed"; readonly error: ErrorData }
  /** The database was busy or changed under the run: run the task again after `delay` ms. */
  | { readonly kind: "retry"; readonly delay: number; readonly error: ErrorData }
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
    const { name, message, stack } = error;
    const shown = stack ? cut(userStack(String(stack), name === "TqError")) : null;
    const why = openFilesWords(error);
    const said = `${String(message)}${descriptionOf(error)}`;
    const full = why === null ? said : `${said} (${why})`;
    return { name: cut(String(name), MAX_NAME_CHARACTERS), message: cut(full), stack: shown };
  }
  return {
    name: "Error",
    message: cut(`${inspected(error, MAX_CHARACTERS)} was thrown`),
    stack: null,
  };
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
