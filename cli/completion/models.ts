/** Reads what the models of a folder have, in a process of its own: their code may print, hang, or end its process. */
import type { KnownCall } from "../../src/call-patterns.ts";
import { callsOf, type ModelCatalog } from "../../src/catalog.ts";
import { installModule } from "../../src/registry/install.ts";
import { loadModels } from "../../src/registry/load-models.ts";
import { self } from "../command/self.ts";
import { write } from "../terminal/terminal.ts";

/** In place of the name of a shell: prints the calls of the models. */
export const MODELS_WORD = "models";

/** What the models print stands before it. */
const MARK = "\ntq-models:";

/** @param patience in ms: after that the process is ended, and nothing is found. */
export async function callsOfModels(path: string, patience: number): Promise<KnownCall[]> {
  const child = Bun.spawn([...self(), "completions", MODELS_WORD, path], {
    stdio: ["ignore", "pipe", "ignore"],
    timeout: patience,
    killSignal: "SIGKILL",
  });
  const text = await new Response(child.stdout).text();
  const at = text.lastIndexOf(MARK);
  return at === -1 ? [] : callsOf(JSON.parse(text.slice(at + MARK.length)) as ModelCatalog);
}

/** In that process. */
export async function printCalls(path: string): Promise<void> {
  installModule(await import("../../src/index.ts"));
  const registry = await loadModels(path);
  write(MARK + JSON.stringify(registry.catalog()));
}
