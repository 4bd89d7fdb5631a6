/** The name of the method that `console.log` calls on an object. */
export const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom");

/** A value as `console.log` writes it. Never throws, though that method, or a proxy, may. */
export function inspect(value: unknown, options: Bun.BunInspectOptions = {}): string {
  try {
    return Bun.inspect(value, options);
  } catch {
    return "(a value that throws when it is shown)";
  }
}
