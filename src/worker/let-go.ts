/** When a worker lets go of calls that its new models lack: a file may be away for a moment. */
import type { ModelCatalog } from "../catalog.ts";
import { monotonicNow } from "../clock.ts";
import { TqError } from "../errors.ts";
import { formatDuration, MINUTE_MS } from "../values/duration.ts";

/** They must have been lacking for so long, unless somebody has asked for the models as they are now. */
const LET_GO_MS = MINUTE_MS;

export class LetGo {
  readonly #now: () => number;
  #catalog: ModelCatalog | null = null;
  #isAsked = false;
  #since: number | null = null;

  /** @param now a monotonic clock, in ms */
  constructor(now = monotonicNow) {
    this.#now = now;
  }

  /** New models are to have all of these; null: they need not. */
  get keep(): ModelCatalog | null {
    const isLongEnough = this.#since !== null && this.#now() - this.#since >= LET_GO_MS;
    return this.#isAsked || isLongEnough ? null : this.#catalog;
  }

  /** Somebody asks for the models as they are now. */
  ask(): void {
    this.#isAsked = true;
  }

  /** The worker has taken up models with these calls. */
  taken(catalog: ModelCatalog): void {
    this.#catalog = catalog;
    this.#isAsked = false;
    this.#since = null;
  }

  /** The models that were asked for cannot be loaded. */
  refused(): void {
    this.#isAsked = false;
  }

  /** A thread has loaded models without this call. @returns null where the next one may take them */
  lacking(call: string): TqError | null {
    this.#since ??= this.#now();
    if (this.keep === null) return null;
    const why = `a file may be away for a moment; they count once they have stayed so for ${formatDuration(LET_GO_MS)}, or at once by SIGHUP or worker.reload()`;
    return new TqError("models", `Cannot take up models without ${call}: ${why}`);
  }
}
