/** Notices that the models on the disk are others than a worker has loaded, by a look at their files now and then. */
import type { ModelVersion } from "../catalog.ts";
import { differenceOnDisk } from "../registry/model-version.ts";
import { ModelsState } from "./models-state.ts";

/** Files that nobody has written to for this long are whole: an editor may save half of one first. */
const SETTLED_MS = 200;

/** Files that are written to all the time are looked at after this long. */
const LONGEST_MS = 2_000;

const AS_BEFORE = "they are as they were before";

export class ModelsWatch {
  readonly #paths: readonly string[];
  readonly #now: () => number;
  readonly #state: ModelsState;
  #version: ModelVersion | null = null;
  /** The state of the files when they were compared last with the version. */
  #compared: string | null = null;
  /** Another state that was seen since, from when on, and since when any other was. */
  #seen: { readonly state: string; readonly at: number; readonly first: number } | null = null;

  /** @param now a monotonic clock, in ms */
  constructor(paths: readonly string[], now: () => number) {
    this.#paths = paths;
    this.#now = now;
    this.#state = new ModelsState(paths);
  }

  /** The worker's threads have this version. */
  take(version: ModelVersion): void {
    this.#version = version;
    this.#state.forget();
  }

  /** The files are loaded as they are now: only a later change is told. */
  loads(): void {
    if (this.#version === null) return;
    this.#compared = this.#state.of(this.#version);
    this.#seen = null;
  }

  /**
   * How the disk differs, in words, once the files have settled; null where it does not, or that was said.
   *
   * @param isLoading a change back to the version is told too: what is being loaded is there no more
   */
  look(isLoading = false): string | null {
    if (this.#version === null) return null;
    const state = this.#state.of(this.#version);
    if (state === this.#compared) {
      this.#seen = null;
      return null;
    }
    this.#state.forget();
    const now = this.#now();
    const { first } = (this.#seen ??= { state: "", at: now, first: now });
    if (this.#seen.state !== state) this.#seen = { state, at: now, first };
    if (now - this.#seen.at < SETTLED_MS && now - first < LONGEST_MS) return null;
    this.#seen = null;
    this.#compared = state; // of before the comparison: what is written meanwhile is seen next time
    return differenceOnDisk(this.#version, this.#paths) ?? (isLoading ? AS_BEFORE : null);
  }
}
