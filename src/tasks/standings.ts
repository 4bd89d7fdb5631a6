/**
 * Waits until tasks stand otherwise. All waits on a store share one look at the database after a commit, whoever made
 * it: a thousand of them cost about as much as one.
 */
import { monotonicNow, sleep } from "../clock.ts";
import type { Standing } from "../store/looking.ts";
import type { Store } from "../store/store.ts";

/** Time between two checks that the database file still exists: a wait for a commit to a deleted file never ends. */
const FILE_CHECK_MS = 1_000;

/** Time between two looks at how far a task is: no commit tells of that. */
const PROGRESS_MS = 200;

/** The waits rest after each look, for this many times as long as it took: commits may come without a pause. */
const REST = 4;

/** True for what a wait is for; null: there is no such task. */
type IsWanted = (standing: Standing | null) => boolean;

interface Wait {
  readonly id: number;
  readonly isWanted: IsWanted;
  /** True: how far it is counts, too. */
  readonly progress: boolean;
  readonly resolve: (standing: Standing | null) => void;
  readonly reject: (error: unknown) => void;
}

/** The waits on one store. */
class Waits {
  readonly #store: Store;
  readonly #waits = new Set<Wait>();
  #looking = false;
  /** True while a task runs of which it counts how far it is. */
  #progresses = false;
  /** Ends the wait for a commit early. */
  #commit = new AbortController();

  constructor(store: Store) {
    this.#store = store;
  }

  async until(
    id: number,
    isWanted: IsWanted,
    signal: AbortSignal | undefined,
    progress: boolean,
  ): Promise<Standing | null> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Standing | null>();
    const wait = { id, isWanted, progress, resolve, reject };
    const abort = () => reject(signal?.reason as Error);
    signal?.addEventListener("abort", abort);
    this.#waits.add(wait);
    if (this.#looking) this.#commit.abort();
    else void this.#look();
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#waits.delete(wait);
      if (this.#waits.size === 0) this.#commit.abort();
    }
  }

  /** Looks until nothing waits. Never rejects: all waits fail with what fails here. */
  async #look(): Promise<void> {
    this.#looking = true;
    try {
      for (;;) {
        this.#commit = new AbortController();
        const version = await this.#store.version();
        const started = monotonicNow();
        await this.#tell();
        if (this.#waits.size === 0) return;
        await sleep(Math.max((monotonicNow() - started) * REST, 1));
        const longest = this.#progresses ? PROGRESS_MS : FILE_CHECK_MS;
        await this.#store.changed(version, longest, this.#commit.signal);
        await this.#store.check();
      }
    } catch (error) {
      for (const { reject } of this.#waits) reject(error);
      this.#waits.clear();
    } finally {
      this.#looking = false;
    }
  }

  async #tell(): Promise<void> {
    const ids = new Set(Array.from(this.#waits, ({ id }) => id));
    const asked = new Set<number>();
    for (const { id, progress } of this.#waits) if (progress) asked.add(id);
    const standings = await this.#store.standings([...ids], asked);
    this.#progresses = asked.size > 0 && standings.some((one) => isRunningOf(asked, one));
    const byId = new Map(standings.map((standing) => [standing.id, standing]));
    for (const wait of this.#waits) {
      if (!ids.has(wait.id)) continue; // it came during the look, and has asked for another one
      const standing = byId.get(wait.id) ?? null;
      if (!wait.isWanted(standing)) continue;
      this.#waits.delete(wait);
      wait.resolve(standing);
    }
  }
}

function isRunningOf(asked: ReadonlySet<number>, { id, state }: Standing): boolean {
  return state === "running" && asked.has(id);
}

const waits = new WeakMap<Store, Waits>();

/**
 * Resolves once a task stands as wanted, at once if it does already.
 *
 * @param progress true: it looks at how far the task is, too, several times a second.
 * @throws TqError "database" when the database is lost; the signal's reason.
 */
export function untilStanding(
  store: Store,
  id: number,
  isWanted: IsWanted,
  signal?: AbortSignal,
  progress = false,
): Promise<Standing | null> {
  let of = waits.get(store);
  if (!of) waits.set(store, (of = new Waits(store)));
  return of.until(id, isWanted, signal, progress);
}
