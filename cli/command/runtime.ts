/** The process-wide runtime of commands that load the user's code. */
import type { Config } from "../../src/settings/config.ts";
import { installModule } from "../../src/registry/install.ts";
import { Registry } from "../../src/registry/registry.ts";
import { createRuntime, enterRuntime } from "../../src/transaction/runtime.ts";
import type { Runtime } from "../../src/transaction/runtime.ts";
import type { Store } from "../../src/store/store.ts";
import { loadOwn } from "./models.ts";
import type { Program } from "./program.ts";

/** The user's models; empty when there are none. The files may import from "tq". */
export async function loadRegistry(config: Config): Promise<Registry> {
  await installTq();
  return config.models === null ? new Registry() : loadOwn(config.models);
}

/** Makes Transaction and `__queue__` work in this process. */
export async function startRuntime(
  config: Config,
  program: Program,
  registry: Registry,
): Promise<Runtime> {
  await installTq();
  const runtime = createRuntime(config, program.report(config), registry);
  enterRuntime(runtime);
  return runtime;
}

/** Closes the store, once this program has signed off as one that runs tasks. */
export async function endRuntime(store: Store): Promise<void> {
  const { leave } = await import("../../src/run/without-worker.ts");
  await leave(store);
  await store.close();
}

/** Loaded here, so that the commands that only look start without it. */
async function installTq(): Promise<void> {
  installModule(await import("../../src/index.ts"));
}
