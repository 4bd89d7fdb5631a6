/** Room for so much at once; others wait for it, the first first. */
import type { Store } from "../../store/store.ts";

interface Waiting {
  readonly size: number;
  readonly owner: string | null;
  readonly enter: () => void;
}

export class Room {
  readonly #most: number;
  #free: number;
  readonly #taken = new Map<string, number>();
  readonly #waiting: Waiting[] = [];

  /** @param most what one owner takes at most, so that others find some; default: half of it. */
  constructor(size: number, most = size / 2) {
    this.#free = size;
    this.#most = most;
  }

  /** @returns what gives the room back; null: there is none now, for this owner. */
  tryTake(size: number, owner: string): (() => void) | null {
    if (size > this.#free || !this.#mayHave(size, owner)) return null;
    this.#change(size, owner);
    return this.#leaving(size, owner);
  }

  /**
   * @param owner null: all of it may be taken.
   * @param gaveUp aborts when it waits no more; then nothing is resolved, unless there was room already.
   * @returns what gives the room back; resolves once there is some.
   */
  async take(size: number, owner: string | null = null, gaveUp?: AbortSignal): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const entry = { size, owner, enter: resolve };
    this.#waiting.push(entry);
    gaveUp?.addEventListener("abort", () => this.#forget(entry), { once: true });
    this.#admit();
    await promise;
    return this.#leaving(size, owner);
  }

  #leaving(size: number, owner: string | null): () => void {
    let isIn = true;
    return () => {
      if (isIn) this.#change(-size, owner);
      isIn = false;
      this.#admit();
    };
  }

  /** Lets in those who wait, in their order; one who has as much as one owner may is passed by. */
  #admit(): void {
    for (;;) {
      const at = this.#waiting.findIndex(({ size, owner }) => this.#mayHave(size, owner));
      const next = this.#waiting[at];
      if (next === undefined || next.size > this.#free) return;
      this.#waiting.splice(at, 1);
      this.#change(next.size, next.owner);
      next.enter();
    }
  }

  #forget(entry: Waiting): void {
    const at = this.#waiting.indexOf(entry);
    if (at >= 0) this.#waiting.splice(at, 1);
    this.#admit(); // it may have stood before others that fit
  }

  #mayHave(size: number, owner: string | null): boolean {
    return owner === null || (this.#taken.get(owner) ?? 0) + size <= this.#most;
  }

  #change(size: number, owner: string | null): void {
    this.#free -= size;
    if (owner === null) return;
    const taken = (this.#taken.get(owner) ?? 0) + size;
    if (taken === 0) this.#taken.delete(owner);
    else this.#taken.set(owner, taken);
  }
}

interface Entry {
  readonly size: number;
  readonly owner: string;
  /** The longest wait. */
  readonly ms: number;
}

/** @returns what gives the room back; null: there was none in time. */
export async function enterWithin(
  room: Room,
  { size, owner, ms }: Entry,
  store: Pick<Store, "after">,
): Promise<(() => void) | null> {
  const gaveUp = new AbortController();
  const taking = room.take(size, owner, gaveUp.signal);
  return within(store, ms, taking, () => {
    gaveUp.abort();
    void taking.then((leaveLate) => leaveLate());
    return null;
  });
}

/** The value of `wait`, or that of `late` once the time has passed. */
export async function within<T, L>(
  store: Pick<Store, "after">,
  ms: number,
  wait: Promise<T>,
  late: () => L,
): Promise<T | L> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const callOff = store.after(ms, resolve);
  return Promise.race([wait, promise.then(late)]).finally(callOff);
}
