/** The state of the files of models: as long as it stays the same, nobody need read them again. */
import type { ModelVersion } from "../catalog.ts";
import { foldersAt } from "../registry/model-files.ts";
import { stateOf } from "../registry/model-version.ts";

export class ModelsState {
  readonly #paths: readonly string[];
  /** The files and folders to look at; null: they are to be listed anew. */
  #listed: readonly string[] | null = null;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** Call it where files may have come or gone. */
  forget(): void {
    this.#listed = null;
  }

  /** Changes with each write to one of these files, or of `more`, and where one comes or goes. */
  of({ entries, files }: ModelVersion, more: readonly string[] = []): string {
    const folders = () => this.#paths.flatMap((path) => foldersAt(path));
    this.#listed ??= [...new Set([...folders(), ...entries, ...Object.keys(files), ...more])];
    return this.#listed.map((file) => `${file} ${stateOf(file)}`).join("\n");
  }
}
