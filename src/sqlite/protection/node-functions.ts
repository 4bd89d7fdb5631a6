/** Makes the functions of `node:fs` that open files refuse those that are protected. */
import { folderRefusal, refusalOf } from "./protected-files.ts";

/** How a function tells an error: it throws, rejects its promise, or calls its last argument. */
type Telling = "throws" | "rejects" | "calls back";

/** The functions, and how many of their first arguments are paths that they open. */
const SYNC = {
  openSync: 1,
  readFileSync: 1,
  writeFileSync: 1,
  appendFileSync: 1,
  truncateSync: 1,
  copyFileSync: 2,
  createReadStream: 1,
  createWriteStream: 1,
} as const;

const ASYNC = {
  open: 1,
  readFile: 1,
  writeFile: 1,
  appendFile: 1,
  truncate: 1,
  copyFile: 2,
} as const;

type Functions = Record<string, unknown>;
type Call = (...args: unknown[]) => unknown;

/**
 * Replaces them in this JavaScript thread. Modules that have imported them by name before keep the old ones; those
 * that are loaded later get the new ones.
 */
export function protectNodeFunctions(): void {
  const fs = process.getBuiltinModule("node:fs") as unknown as Functions;
  const promises = process.getBuiltinModule("node:fs/promises") as unknown as Functions;
  for (const [name, count] of Object.entries(SYNC)) protect(fs, name, count, "throws");
  for (const [name, count] of Object.entries(ASYNC)) {
    protect(fs, name, count, "calls back");
    protect(promises, name, count, "rejects");
  }
  protect(fs, "openAsBlob", 1, "rejects");
  protectCopies(fs, "cpSync", "throws");
  protectCopies(fs, "cp", "calls back");
  protectCopies(promises, "cp", "rejects");
}

function protect(module: Functions, name: string, pathCount: number, telling: Telling): void {
  replace(module, name, (original) => {
    return function (this: unknown, ...args: unknown[]) {
      for (let index = 0; index < pathCount; index++) {
        const refusal = refusalOf(args[index]);
        if (refusal !== null) return tell(refusal, telling, args);
      }
      return Reflect.apply(original, this, args);
    };
  });
}

/** A whole folder may be copied without the protected files in it, if the caller leaves them out. */
function protectCopies(module: Functions, name: string, telling: Telling): void {
  replace(module, name, (original) => {
    return function (this: unknown, ...args: unknown[]) {
      const [from, to, options] = args;
      const refusal = refusalOf(from) ?? refusalOf(to);
      if (refusal !== null) return tell(refusal, telling, args);
      const inside = folderRefusal(from);
      if (inside === null) return Reflect.apply(original, this, args);
      const filter = (options as { filter?: Call } | undefined)?.filter;
      if (typeof filter !== "function") return tell(inside, telling, args);
      const checked = (file: unknown, copy: unknown) => {
        const wanted = filter(file, copy);
        return wanted instanceof Promise
          ? wanted.then((answer) => checkedAnswer(answer, file))
          : checkedAnswer(wanted, file);
      };
      args[2] = { ...(options as object), filter: checked };
      return Reflect.apply(original, this, args);
    };
  });
}

/** @returns the answer of the caller's filter. @throws TqError where it lets a protected file be copied */
function checkedAnswer(wanted: unknown, file: unknown): unknown {
  const refusal = wanted ? refusalOf(file) : null;
  if (refusal !== null) throw refusal;
  return wanted;
}

function tell(error: Error, telling: Telling, args: readonly unknown[]): unknown {
  if (telling === "rejects") return Promise.reject(error);
  const callback = telling === "calls back" ? args.at(-1) : undefined;
  if (typeof callback !== "function") throw error;
  process.nextTick(callback, error);
  return undefined;
}

/** The new function has the name, the length and all other properties of the old one. */
function replace(module: Functions, name: string, make: (original: Call) => Call): void {
  const original = module[name];
  if (typeof original !== "function") return;
  const made = make(original as Call);
  module[name] = Object.defineProperties(made, Object.getOwnPropertyDescriptors(original));
}
