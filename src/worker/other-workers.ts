/** Live workers that have what the models of this one lack. */
import { monotonicNow } from "../clock.ts";
import { liveWorkers } from "../store/live-workers.ts";
import { takesQueue } from "../store/queue-patterns.ts";
import type { Store } from "../store/store.ts";
import { callWords, type ClaimedTask } from "../task.ts";
import { SECOND_MS } from "../values/duration.ts";

interface OtherWorker {
  readonly id: string;
  readonly queues: readonly string[];
  readonly calls: ReadonlySet<string>;
}

/** Many tasks of a missing method share a look. */
const FRESH_MS = SECOND_MS;

export class OtherWorkers {
  readonly #id: string;
  readonly #store: Store;
  readonly #now: () => number;
  #known: { readonly workers: Promise<readonly OtherWorker[]>; readonly at: number } | null = null;

  /** @param now a monotonic clock, in ms */
  constructor(id: string, store: Store, now = monotonicNow) {
    this.#id = id;
    this.#store = store;
    this.#now = now;
  }

  /** The id of one that can run the task; null: none can. */
  async withMethodOf(task: Pick<ClaimedTask, "model" | "method" | "instances" | "queue">) {
    if (this.#known === null || this.#now() - this.#known.at >= FRESH_MS) {
      this.#known = { workers: this.#read(), at: this.#now() };
    }
    const workers = await this.#known.workers.catch(() => []);
    const name = callWords(task);
    return (
      workers.find((one) => takesQueue(one.queues, task.queue) && one.calls.has(name))?.id ?? null
    );
  }

  async #read(): Promise<OtherWorker[]> {
    const abouts = await this.#store.condition.abouts();
    const live = await liveWorkers(this.#store);
    return live.flatMap(({ id, queues }) => {
      const about = abouts.get(id);
      return about && id !== this.#id ? [{ id, queues, calls: new Set(about.calls) }] : [];
    });
  }
}
