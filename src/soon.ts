/** Values that are there at once where nothing has to be waited for: a promise costs more than most statements. */

/** A value, or a promise of it. `await` takes both. */
export type Soon<T> = T | Promise<T>;

/** What `fn` makes of the value: at once where it is there, otherwise when it comes. */
export function soon<T, U>(value: Soon<T>, fn: (value: T) => Soon<U>): Soon<U> {
  return value instanceof Promise ? value.then(fn) : fn(value);
}
