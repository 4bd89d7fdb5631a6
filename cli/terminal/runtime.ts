/** The process-wide runtime of commands that run the user's code. */
import type { Config } from "../../src/config.ts";
import type { Registry } from "../../src/model/registry.ts";
import { createRuntime, setRuntime } from "../../src/model/runtime.ts";
import type { Runtime } from "../../src/model/runtime.ts";
import type { Program } from "./program.ts";

export function startRuntime(config: Config, program: Program, registry: Registry): Runtime {
  const runtime = createRuntime(config, program.report(config), registry);
  setRuntime(runtime);
  return runtime;
}
