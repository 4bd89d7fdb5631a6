/** A look at the database for probes: it is answered in time, whatever the database does. */
import { TqError } from "../errors.ts";
import type { Soon } from "../soon.ts";
import type { Store } from "../store/store.ts";
import { formatDuration } from "../values/duration.ts";

type Timed = Pick<Store, "after" | "name">;

/** @throws TqError "busy" where it takes longer; the look then goes on by itself. */
export async function within<T>(ms: number, store: Timed, look: Soon<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const forget = store.after(ms, () => {
    const words = `Cannot read ${store.name}: it has not answered within ${formatDuration(ms)}`;
    late.reject(new TqError("busy", words));
  });
  try {
    return await Promise.race([look, late.promise]);
  } finally {
    forget();
  }
}

/** All who ask while a look is under way share it: a database that does not answer is asked by one connection. */
export class SharedLook<T> {
  readonly #ms: number;
  readonly #store: Timed;
  readonly #look: () => Promise<T>;
  #under: Promise<T> | null = null;
  /** How the last look has failed; null: it has not. */
  #failure: { readonly error: unknown } | null = null;

  constructor(ms: number, store: Timed, look: () => Promise<T>) {
    this.#ms = ms;
    this.#store = store;
    this.#look = look;
  }

  /** @throws TqError where the look fails, or takes too long: then as the look before it failed, which knows why. */
  async ask(): Promise<T> {
    const under = (this.#under ??= this.#begin());
    try {
      return await within(this.#ms, this.#store, under);
    } catch (error) {
      throw this.#failure?.error ?? error;
    }
  }

  async #begin(): Promise<T> {
    try {
      const found = await this.#look();
      this.#failure = null;
      return found;
    } catch (error) {
      this.#failure = { error };
      throw error;
    } finally {
      this.#under = null;
    }
  }
}
