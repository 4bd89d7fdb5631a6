/** Reads what the models of a folder have, in a process of its own: their code may print, hang, or end its process. */
import type { KnownCall } from "../../src/call-patterns.ts";
import { callsOf, type ModelCatalog } from "../../src/catalog.ts";
import { installModule } from "../../src/registry/install.ts";
import { loadModels } from "../../src/registry/load-models.ts";
import { modelCrons } from "../../src/registry/recurring.ts";
import { self } from "../command/self.ts";
import { write } from "../terminal/terminal.ts";

/** In place of the name of a shell: prints what the models have. */
export const MODELS_WORD = "models";

/** What the models print stands before it. */
const MARK = "\ntq-models:";

export interface ModelNames {
  readonly calls: readonly KnownCall[];
  /** The names of their recurring tasks. */
  readonly recurring: readonly string[];
}

interface Printed {
  readonly catalog: ModelCatalog;
  readonly recurring: readonly string[];
}

/** @param patience in ms: after that the process is ended, and nothing is found. */
export async function namesOfModels(path: string, patience: number): Promise<ModelNames> {
  const child = Bun.spawn([...self(), "completions", MODELS_WORD, path], {
    stdio: ["ignore", "pipe", "ignore"],
    timeout: patience,
    killSignal: "SIGKILL",
  });
  const text = await new Response(child.stdout).text();
  const at = text.lastIndexOf(MARK);
  if (at === -1) return { calls: [], recurring: [] };
  const { catalog, recurring } = JSON.parse(text.slice(at + MARK.length)) as Printed;
  return { calls: callsOf(catalog), recurring };
}

/** In that process. */
export async function printNames(path: string): Promise<void> {
  installModule(await import("../../src/index.ts"));
  const registry = await loadModels(path);
  const { definitions } = modelCrons(path, registry.all());
  const recurring = definitions.map(({ name }) => name);
  const printed: Printed = { catalog: registry.catalog(), recurring };
  write(MARK + JSON.stringify(printed));
}
