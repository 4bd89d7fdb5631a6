/** `tq run FILE`: runs a program that imports from "tq", as `bun FILE` would. */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { TqError, isTqError } from "../src/errors.ts";
import { inspect } from "../src/inspect.ts";
import { Registry } from "../src/registry/registry.ts";
import { installTesting } from "../src/registry/install.ts";
import { installTsconfig } from "../src/registry/tsconfig.ts";
import { command } from "./command/command.ts";
import { WORKER_FLAG } from "./command/flags.ts";
import { startRuntime } from "./command/runtime.ts";
import { errorColour, note } from "./terminal/terminal.ts";

export const run = command({
  name: "run",
  description: "Run a TypeScript or JavaScript program that imports from tq",
  passesOn: true,
  examples: [["tq run import.ts orders.csv", "A program, and its argument"]],
  flags: {
    file: { type: "positional", isPath: true, description: "A TypeScript or JavaScript file" },
    worker: WORKER_FLAG,
  },
  run: async ({ _: [file = "", ...args] }, program) => {
    const path = findProgram(file);
    // Empty, as the program defines or imports its models; those of the settings are loaded when a task needs one.
    await startRuntime(program.config(), program, new Registry());
    installTesting(() => import("../src/testing/index.ts"));
    installTsconfig(dirname(path));
    process.argv.splice(1, Infinity, path, ...args);
    Object.assign(Bun, { main: path }); // for import.meta.main, and for require.main
    try {
      const exports = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
      const url = serveDefault(exports.default);
      if (url !== null) program.note(`Serving ${url}`);
      return undefined; // the program may go on, as a server does: nothing is closed here
    } catch (error) {
      if (isTqError(error)) throw error;
      note(withoutReset(inspect(error, { colors: errorColour() })));
      return 1;
    }
  },
});

/** Bun begins coloured text with the end of a colour. */
function withoutReset(text: string): string {
  return text.startsWith(RESET) ? text.slice(RESET.length) : text;
}

const RESET = "\u001b[0m";

/** Serves a default export with a `fetch` as `bun run` does. @returns its URL; null for any other export */
function serveDefault(exported: unknown): string | null {
  if (!isServerConfig(exported)) return null;
  return Bun.serve(exported).url.href;
}

/** False for a server, which serves already. */
function isServerConfig(exported: unknown): exported is Bun.Serve.Options<undefined> {
  if (typeof exported !== "object" || exported === null || !("fetch" in exported)) return false;
  return typeof exported.fetch === "function" && !("stop" in exported);
}

function findProgram(file: string): string {
  const path = resolve(file);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new TqError("not_found", `Cannot run ${path}: there is no such file`);
  if (path.includes("?")) {
    throw new TqError(
      "invalid",
      `Cannot run ${path}: Bun takes what follows a ? for a query; rename the file or its folder`,
    );
  }
  if (stat.isFile()) return path;
  throw new TqError(
    "invalid",
    `Cannot run ${path}: it is not a file; name a .ts or .js file in it`,
  );
}
