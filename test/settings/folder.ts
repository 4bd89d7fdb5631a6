/** The folder in which settings are looked for, new for each test. */
import { afterEach, beforeEach } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, type ConfigSources, loadConfig } from "../../src/settings/config.ts";
import { isTqError } from "../../src/errors.ts";

export let cwd: string;

/** Gives each test of a file a folder of its own. */
export function renewFolder(): void {
  beforeEach(() => {
    cwd = realpathSync(mkdtempSync(join(tmpdir(), "tq-config-")));
  });
  afterEach(() => rmSync(cwd, { recursive: true }));
}

export function load(sources: Partial<ConfigSources> = {}): Config {
  return loadConfig({ cwd, env: {}, ...sources });
}

/** Writes tq.toml, or another file, and returns its path. */
export function write(text: string | Uint8Array, name = "tq.toml"): string {
  const path = join(cwd, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** The sentence of the refusal. */
export function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isTqError(error) && error.code === "invalid") return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}
