/** Loads models into the command's own process: they are code that may end it, or never come back. */
import { EXIT_CODES } from "../../src/errors.ts";
import { LONG_LOAD_MS, longLoadWords } from "../../src/registry/long-load.ts";
import { loadModels } from "../../src/registry/load-models.ts";
import { type Registry } from "../../src/registry/registry.ts";
import { note } from "../terminal/terminal.ts";

/** @throws TqError "models" when they cannot be loaded. */
export async function loadOwn(path: string, say = note): Promise<Registry> {
  let loading = path;
  const late = setTimeout(() => say(`tq: ${longLoadWords(loading)}`), LONG_LOAD_MS);
  const atExit = (code: number): void => {
    say(
      `tq: Cannot load models from ${loading}: they ended the program with process.exit(${code}) while they were loaded`,
    );
    process.exitCode = EXIT_CODES.models;
  };
  process.once("exit", atExit);
  try {
    return await loadModels(path, (file) => (loading = file));
  } finally {
    clearTimeout(late);
    process.off("exit", atExit);
  }
}
