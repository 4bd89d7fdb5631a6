/** Loads the user's models into the process of the command; their code may end the process, or never return. */
import { EXIT_CODES, TqError } from "../../src/errors.ts";
import {
  LONG_LOAD_MS,
  LONGEST_LOAD_MS,
  longLoadWords,
  tooLongLoadWords,
} from "../../src/registry/long-load.ts";
import { loadModels } from "../../src/registry/load-models.ts";
import { type Registry } from "../../src/registry/registry.ts";
import { note } from "../terminal/terminal.ts";

/** Names a file whose code ends the process or runs for long. @throws TqError "models" when they cannot be loaded. */
export async function loadInProcess(path: string, say = note): Promise<Registry> {
  let loading = path;
  const late = setTimeout(() => say(`tq: ${longLoadWords(loading)}`), LONG_LOAD_MS);
  const tooLate = Promise.withResolvers<never>();
  const end = setTimeout(
    () => tooLate.reject(new TqError("models", tooLongLoadWords(loading))),
    LONGEST_LOAD_MS,
  );
  const atExit = (code: number): void => {
    say(
      `tq: Cannot load models from ${loading}: they called process.exit(${code}) while they were being loaded`,
    );
    process.exitCode = EXIT_CODES.models;
  };
  process.once("exit", atExit);
  try {
    return await Promise.race([loadModels(path, (file) => (loading = file)), tooLate.promise]);
  } finally {
    clearTimeout(late);
    clearTimeout(end);
    process.off("exit", atExit);
  }
}
