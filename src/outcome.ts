/** How a run ended, as plain data that crosses threads and is turned into one guarded UPDATE. */

/** An error as data: `postMessage` would lose its name and fields. */
export interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
}

export type Outcome =
  | { readonly kind: "finished"; readonly result: string | null }
  | { readonly kind: "failed"; readonly error: ErrorData }
  /** The database was busy or changed under the run: run the same attempt again after `delay` ms. */
  | { readonly kind: "retry"; readonly delay: number; readonly error: ErrorData }
  | { readonly kind: "interrupted"; readonly reason: string };

/** What can become of a run: its own outcome, or the crash that its thread or its process died of. */
export type Settlement =
  | Outcome
  /** Back to `ready` as a suspect, or `failed` at `maxCrashes`. */
  | { readonly kind: "crashed"; readonly reason: string; readonly maxCrashes: number };

export type OutcomeKind = Outcome["kind"];

/** Characters; a longer message is cut, so that no task can fill the disk with its errors. */
const MESSAGE_LIMIT = 10_000;

/** Whatever was thrown, as data. Never throws, though what was thrown may do so when it is looked at. */
export function toErrorData(error: unknown): ErrorData {
  try {
    return describe(error);
  } catch {
    return { name: "Error", message: "what was thrown cannot be looked at", stack: null };
  }
}

function describe(error: unknown): ErrorData {
  if (error instanceof Error) {
    const { name, message, stack = null } = error;
    return { name: String(name), message: cut(String(message)), stack: stack && cut(stack) };
  }
  return { name: "Error", message: cut(`${Bun.inspect(error)} was thrown`), stack: null };
}

/** What a row and a line of the log can carry of a text. */
export function cut(text: string, limit = MESSAGE_LIMIT): string {
  const whole = text.length <= limit ? text : `${text.slice(0, limit)}…`;
  return whole.toWellFormed();
}
