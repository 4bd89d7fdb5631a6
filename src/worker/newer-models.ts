/** Whether the disk has other models than a thread has loaded: a task whose method it lacks may be in those. */
import type { ModelVersion } from "../catalog.ts";
import { monotonicNow } from "../clock.ts";
import { differenceOnDisk } from "../registry/model-version.ts";

/** A look reads all files: many tasks of one missing method share it. */
const LOOK_AGAIN_MS = 100;

export class NewerModels {
  readonly #version: ModelVersion;
  readonly #paths: readonly string[];
  readonly #now: () => number;
  #looked: { readonly difference: string | null; readonly at: number } | null = null;

  /** @param now a monotonic clock, in ms */
  constructor(version: ModelVersion, paths: readonly string[], now = monotonicNow) {
    this.#version = version;
    this.#paths = paths;
    this.#now = now;
  }

  /** How the disk differs, in words; null where it has the loaded code. */
  difference(): string | null {
    const known = this.#looked;
    // "No difference" is never kept: the files may have changed just before this task was pushed.
    if (known?.difference && this.#now() - known.at < LOOK_AGAIN_MS) return known.difference;
    const difference = differenceOnDisk(this.#version, this.#paths);
    this.#looked = { difference, at: this.#now() };
    return difference;
  }
}
