/**
 * Bun keeps a cache of compiled files in a folder of the home folder. Where that has no path, or one that is relative, the
 * cache would lie in the current folder. Only the environment at the start of a process turns the cache off.
 */
import { readFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { addressOf, loadFunction } from "../../src/c-library.ts";

/** Starts this executable again in its own process, without the cache, where the cache would be misplaced. Linux only. */
export function avoidMisplacedCache(): void {
  if (process.platform === "linux" && isMisplaced(process.env)) startAgain();
}

/** True where Bun would keep the cache in the current folder. */
function isMisplaced(env: NodeJS.ProcessEnv): boolean {
  const { BUN_RUNTIME_TRANSPILER_CACHE_PATH: chosen, XDG_CACHE_HOME, HOME } = env;
  const folder = XDG_CACHE_HOME ?? HOME;
  return chosen === undefined && folder !== undefined && !isAbsolute(folder);
}

/** Returns only where the system does not let it. */
function startAgain(): void {
  try {
    // As the system has them: Bun has replaced bytes that are not UTF-8.
    const args = readFileSync("/proc/self/cmdline");
    const env = readFileSync("/proc/self/environ");
    const noCache = Buffer.from("BUN_RUNTIME_TRANSPILER_CACHE_PATH=0\0");
    execute(Buffer.from(`${process.execPath}\0`), args, Buffer.concat([env, noCache]));
  } catch {
    // there is no /proc: the cache lies where it does
  }
}

/** @param args each ends with a NUL, as those of `env` and the path do */
function execute(path: Buffer, args: Buffer, env: Buffer): void {
  const [argv, envp] = [addressesIn(args), addressesIn(env)];
  loadFunction("execve", ["ptr", "ptr", "ptr"])?.(
    addressOf(path),
    addressOf(argv),
    addressOf(envp),
  );
}

/** Where each text in it begins, and the 0 that ends such a list. */
function addressesIn(texts: Buffer): BigUint64Array {
  const start = addressOf(texts);
  const last = texts.lastIndexOf(0);
  const list: bigint[] = [];
  for (let at = 0; at <= last; at = texts.indexOf(0, at) + 1) list.push(BigInt(start + at));
  return BigUint64Array.from([...list, 0n]);
}
