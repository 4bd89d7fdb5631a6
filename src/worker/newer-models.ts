/** Whether the disk has other models than a thread has loaded: a task whose method it lacks may be in those. */
import type { ModelVersion } from "../catalog.ts";
import { differenceOnDisk } from "../registry/model-version.ts";
import { ModelsState } from "./models-state.ts";

export class NewerModels {
  readonly #version: ModelVersion;
  readonly #paths: readonly string[];
  readonly #compare: typeof differenceOnDisk;
  readonly #state: ModelsState;
  /** The last comparison, and the state of the files before it. */
  #compared: { readonly state: string; readonly difference: string | null } | null = null;

  /** @param compare reads all files */
  constructor(version: ModelVersion, paths: readonly string[], compare = differenceOnDisk) {
    this.#version = version;
    this.#paths = paths;
    this.#compare = compare;
    this.#state = new ModelsState(paths);
  }

  /** How the disk differs, in words; null where it has the loaded code. */
  difference(): string | null {
    if (this.#compared?.state === this.#state.of(this.#version)) return this.#compared.difference;
    this.#state.forget();
    const state = this.#state.of(this.#version);
    const difference = this.#compare(this.#version, this.#paths);
    this.#compared = { state, difference };
    return difference;
  }
}
