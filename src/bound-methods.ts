/** Methods that keep their object when they are taken from it: `const { log } = task`, or `lines.forEach(task.log)`. */

type AnyFunction = (...args: unknown[]) => unknown;

/** Binds these methods of a class where they are read, each once for an object: one that nobody reads costs nothing. */
export function bindMethods<T extends object>(
  { prototype }: { readonly prototype: T },
  ...names: readonly (keyof T & string)[]
): void {
  for (const name of names) {
    const method = prototype[name] as AnyFunction;
    const bound = new WeakMap<object, AnyFunction>();
    Object.defineProperty(prototype, name, {
      configurable: true,
      get(this: object) {
        if (this === prototype) return method;
        let own = bound.get(this);
        if (!own) bound.set(this, (own = method.bind(this)));
        return own;
      },
      // A test may put a function of its own in its place.
      set(this: object, value: unknown) {
        Object.defineProperty(this, name, { configurable: true, writable: true, value });
      },
    });
  }
}
