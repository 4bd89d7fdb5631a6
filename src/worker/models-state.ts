/** The state of the files of models: as long as it stays the same, nobody need read them again. */
import type { ModelVersion } from "../catalog.ts";
import { foldersAt, isLink, realFile } from "../registry/model-files.ts";
import { stateOf } from "../registry/model-version.ts";

export class ModelsState {
  readonly #paths: readonly string[];
  /** The files and folders to look at; null: they are to be listed anew. */
  #listed: readonly string[] | null = null;
  /** Those that may lead elsewhere though they are as they were, as they lead to a link, or are in the folder of one. */
  #leading: readonly string[] | null = null;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** Call it where files may have come or gone. */
  forget(): void {
    [this.#listed, this.#leading] = [null, null];
  }

  /** Changes with each write to one of these files, or of `more`, and where one comes or goes. */
  of({ entries, files }: ModelVersion, more: readonly string[] = []): string {
    const folders = () => this.#paths.flatMap((path) => foldersAt(path));
    this.#listed ??= [...new Set([...folders(), ...entries, ...Object.keys(files), ...more])];
    this.#leading ??= [...this.#paths, ...this.#listed.filter(isLink)];
    const states = this.#listed.map((file) => `${file} ${stateOf(file)}`);
    return [...states, ...this.#leading.map(realFile)].join("\n");
  }
}
