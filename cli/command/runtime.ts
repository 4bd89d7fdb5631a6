/** The runtime of the process, for commands that load the user's code. */
import type { Config } from "../../src/settings/config.ts";
import { type PrintsOptions, takePrints } from "../../src/log/prints.ts";
import { standardError, type StandardStream } from "../../src/log/standard-stream.ts";
import { installModule } from "../../src/registry/install.ts";
import { Registry } from "../../src/registry/registry.ts";
import { createRuntime, enterRuntime } from "../../src/transaction/runtime.ts";
import type { Runtime } from "../../src/transaction/runtime.ts";
import type { Store } from "../../src/store/store.ts";
import { flushSpans } from "../../src/tracing/open-telemetry.ts";
import { errorColour, keepTerminals } from "../terminal/terminal.ts";
import { loadInProcess } from "./models.ts";
import type { Program } from "./program.ts";

/**
 * Loads the user's models, which may import from "tq". The registry is empty when no models are configured.
 *
 * @param output where the models print what is not for standard error.
 * @param hearer takes what their tasks print.
 */
export async function loadRegistry(
  config: Config,
  program: Program,
  output: StandardStream,
  hearer?: PrintsOptions["hearer"],
): Promise<Registry> {
  await installTq();
  const report = program.report(config);
  const error = standardError();
  keepTerminals();
  takePrints({ output, error, colour: errorColour(), report, ...(hearer && { hearer }) });
  return config.models === null ? new Registry() : loadInProcess(config.models);
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

/** Makes this process work on a store that commits nothing. */
export async function enterTrial<S extends Store>(
  config: Config,
  program: Program,
  registry: Registry,
  store: S,
): Promise<Runtime & { readonly store: S }> {
  await installTq();
  const runtime = { store, config, registry, report: program.report(config), worker: true };
  enterRuntime(runtime);
  return runtime;
}

/** Signs this process off, where `queue.worker` is false and it ran its own tasks; then closes the store. */
export async function endRuntime(store: Store): Promise<void> {
  const { leave } = await import("../../src/run/without-worker.ts");
  await leave(store);
  await flushSpans();
  await store.close();
}

/** Imported here, as commands that only read the database start faster without it. */
async function installTq(): Promise<void> {
  installModule(await import("../../src/index.ts"));
}
