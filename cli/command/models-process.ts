/** Reads what models have, in a process of its own: their code may print, hang, or end its process. */
import type { ModelCatalog } from "../../src/catalog.ts";
import { messageOf, TqError } from "../../src/errors.ts";
import { modelCrons } from "../../src/registry/recurring.ts";
import { installModule } from "../../src/registry/install.ts";
import { formatDuration } from "../../src/values/duration.ts";
import { write } from "../terminal/terminal.ts";
import { loadInProcess } from "./models.ts";
import { self } from "./self.ts";

/** Of `tq completions`, in place of the name of a shell: prints what the models have. */
export const MODELS_WORD = "models";

/** The prints of the models stand before it; the last one counts. */
const MARK = "\ntq-models:";

export interface ModelNames {
  readonly catalog: ModelCatalog;
  /** The names of their recurring tasks. */
  readonly recurring: readonly string[];
}

type Answer = ModelNames | { readonly failure: string };

/**
 * @param patience in ms: after that the process is ended.
 * @throws TqError "models" where they cannot be loaded by then; its sentence says why.
 */
export async function namesOfModels(path: string, patience: number): Promise<ModelNames> {
  const child = Bun.spawn([...self(), "completions", MODELS_WORD, path], {
    stdio: ["ignore", "pipe", "ignore"],
    timeout: patience,
    killSignal: "SIGKILL",
  });
  const text = await new Response(child.stdout).text();
  const code = await child.exited;
  const at = text.lastIndexOf(MARK);
  const failure =
    child.signalCode === null
      ? `the process that loads them ended with ${code}`
      : `that had not ended after ${formatDuration(patience)}`;
  const answer: Answer =
    at === -1
      ? { failure: `Cannot load models from ${path}: ${failure}` }
      : (JSON.parse(text.slice(at + MARK.length)) as Answer);
  if ("failure" in answer) throw new TqError("models", answer.failure);
  return answer;
}

/** In that process. */
export async function printNames(path: string): Promise<void> {
  installModule(await import("../../src/index.ts"));
  const answer = (given: Answer) => void write(MARK + JSON.stringify(given));
  // Said as they take long, or end the process.
  const say = (words: string) => answer({ failure: words.replace(/^tq: /, "") });
  try {
    const registry = await loadInProcess(path, say);
    const { definitions } = modelCrons(path, registry.all());
    answer({ catalog: registry.catalog(), recurring: definitions.map(({ name }) => name) });
  } catch (error) {
    answer({ failure: messageOf(error) });
  }
}
