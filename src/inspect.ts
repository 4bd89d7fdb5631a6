/** The name of the method that `console.log` calls on an object. */
export const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom");
