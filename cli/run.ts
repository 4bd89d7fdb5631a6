/** `tq run FILE`: runs a program that imports from "tq", as `bun FILE` would. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { TqError, isTqError } from "../src/errors.ts";
import { Registry } from "../src/registry/registry.ts";
import { command } from "./command/command.ts";
import { startRuntime } from "./command/runtime.ts";
import { errorColour, note } from "./terminal/terminal.ts";

export const run = command({
  name: "run",
  description: "Run a TypeScript or JavaScript program that imports from tq",
  passesOn: true,
  flags: { file: { type: "positional", description: "A TypeScript or JavaScript file" } },
  run: async ({ _: [file = "", ...args] }, program) => {
    const path = findProgram(file);
    await startRuntime(program.config(), program, new Registry());
    process.argv.splice(1, Infinity, path, ...args);
    try {
      await import(pathToFileURL(path).href);
      return undefined;
    } catch (error) {
      if (isTqError(error)) throw error;
      note(Bun.inspect(error, { colors: errorColour() }));
      return 1;
    }
  },
});

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
