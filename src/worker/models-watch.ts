/** Notices that the models on the disk are others than a worker has loaded, by a look at their files now and then. */
import type { ModelVersion } from "../catalog.ts";
import { wallNow } from "../clock.ts";
import { withImports } from "../registry/imported-files.ts";
import {
  changedSince,
  differenceOnDisk,
  entriesAt,
  loadingVersion,
} from "../registry/model-version.ts";
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
  /** The version of the worker's threads, or of the first load. */
  #version: ModelVersion | null = null;
  /** The first load of the worker: when it began, and with which files. */
  #first: { readonly began: number; readonly entries: readonly string[] } | null = null;
  #isTaken = false;
  /** The files of a version that is being loaded. */
  #coming: readonly string[] = [];
  /** The state of the files when they were compared last with the version. */
  #compared: string | null = null;
  /** The state of the files when what is being loaded began to be. */
  #loading: string | null = null;
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
    this.#isTaken = true;
    this.#coming = [];
    this.#compared = null;
    this.#state.forget();
  }

  /** A load begins while no other goes on. */
  begin(): void {
    if (this.#version === null) {
      // To read all files would hold up the start: a look does so, where the load takes long.
      this.#first ??= { began: wallNow(), entries: entriesAt(this.#paths) };
    } else {
      if (this.#isTaken) this.#first = null;
      this.#loading = this.#stateOf(this.#version);
    }
  }

  /** The files are loaded as they are now: only a later change is told. */
  loads(): void {
    this.#first = null;
    this.#seen = null;
    this.#state.forget();
    const entries = entriesAt(this.#paths);
    if (this.#isTaken) this.#coming = withImports(entries);
    else this.#version = loadingVersion(entries);
    this.#compared = this.#version && this.#stateOf(this.#version);
    this.#loading = this.#compared;
  }

  /**
   * How the disk differs, in words, once the files have settled; null where it does not, or that was said.
   *
   * @param isLoading a change back to the version is told too: what is being loaded is there no more
   */
  look(isLoading = false): string | null {
    if (isLoading && this.#first !== null) {
      this.#version ??= loadingVersion(this.#first.entries, this.#first.began);
    }
    if (this.#version === null) return null;
    const state = this.#stateOf(this.#version);
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
    const isChange = this.#compared !== null && this.#loading !== state;
    this.#compared = state; // of before the comparison: what is written meanwhile is seen next time
    const difference = differenceOnDisk(this.#version, this.#paths);
    if (difference !== null || !isLoading || !this.#isTaken) return difference;
    return isChange ? AS_BEFORE : this.#changedSinceStart(this.#version);
  }

  #stateOf(version: ModelVersion): string {
    return this.#state.of(version, this.#coming);
  }

  /** One thread may have loaded what was written just after the start, and another one hang in what was there before. */
  #changedSinceStart(version: ModelVersion): string | null {
    if (this.#first === null) return null;
    const { began } = this.#first;
    this.#first = null;
    return changedSince(version, began);
  }
}
