/** Protects the files of open databases from the file functions of this JavaScript thread. */
import { createRequire } from "node:module";
import { protectBunFunctions } from "./bun-functions.ts";
import { protectNodeFunctions } from "./node-functions.ts";
import { protectFiles } from "./protected-files.ts";

const KEY = Symbol.for("tq.replaced-functions");
const global = globalThis as { [KEY]?: boolean };

/** Modules that import them by name from now on would otherwise get the functions as they were. */
const MODULES = ["node:fs", "fs", "node:fs/promises", "fs/promises"] as const;

/** Windows drops no lock when another descriptor is closed. */
const DROPS_LOCKS = process.platform !== "win32";

/**
 * Makes the functions that `replaceFileFunctions` puts in place refuse the files of this database.
 *
 * @returns a function that ends that; call it once the database is closed.
 */
export function protectDatabase(path: string): () => void {
  return DROPS_LOCKS ? protectFiles(path) : () => {};
}

/**
 * Call it before user code is loaded: a function that it has imported by name stays as it was. A process that runs none
 * saves the time that `node:fs/promises` takes to load.
 */
export function replaceFileFunctions(): void {
  if (!DROPS_LOCKS || global[KEY]) return;
  global[KEY] = true;
  protectNodeFunctions();
  protectBunFunctions();
  const { cache } = createRequire(import.meta.url);
  for (const name of MODULES) Reflect.deleteProperty(cache, name);
}
