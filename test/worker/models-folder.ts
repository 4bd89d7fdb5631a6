/** A folder with a file of models for each test, and what version of them it has. */
import { afterEach, beforeEach } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModelVersion } from "../../src/catalog.ts";

/** The folder of the present test. */
export let folder = "";
let written = 0;

export const models = () => join(folder, "models.ts");

/** Two writes may have one time in a file system. */
export function write(text: string): void {
  writeFileSync(models(), text);
  utimesSync(models(), (written += 1), written);
}

export function versionNow(): ModelVersion {
  const hash = Bun.hash(readFileSync(models())).toString(36);
  return { entries: [models()], files: { [models()]: hash } };
}

/** Call it once in a file of tests. */
export function useModelsFolder(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tq-watch-"));
    write("1");
  });
  afterEach(() => rmSync(folder, { recursive: true }));
}
