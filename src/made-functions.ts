/** The functions that `task()` has made in this thread, exported or not: for the sentence that one is not found. */
import { placeOf } from "./stack.ts";

const KEY = Symbol.for("tq.made-functions");

/** By its name the stack of each: a compiled program may carry two copies of this file. */
const made = ((globalThis as { [KEY]?: Map<string, string | undefined> })[KEY] ??= new Map());

/** Call it in `task()`. */
export function noteMade(name: string): void {
  made.set(name, new Error().stack);
}

/** Ends the sentence that no model or function has this name, where one was made that no models file exports; or "". */
export function notExportedWords(name: string): string {
  const place = placeOf(made.get(name));
  if (place === null) return "";
  return `; ${place} makes a function ${JSON.stringify(name)}: export it there, or from a models file`;
}
