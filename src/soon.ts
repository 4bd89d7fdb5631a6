/** Values that come at once unless there is something to wait for: a promise costs more than most SQL statements. */

/** A value, or a promise of it. `await` takes both. */
export type Soon<T> = T | Promise<T>;

/** Calls `fn` with the value: at once where it is there, otherwise when its promise resolves. */
export function soon<T, U>(value: Soon<T>, fn: (value: T) => Soon<U>): Soon<U> {
  return value instanceof Promise ? value.then(fn) : fn(value);
}
