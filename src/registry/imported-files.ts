/** The files that files of models import, without loading one: their code may never end. */
import { readFileSync } from "node:fs";
import { dirname, extname, isAbsolute } from "node:path";
import { isInExecutable } from "./executable.ts";

const LOADERS: Readonly<Record<string, Bun.JavaScriptLoader>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".js": "jsx",
  ".mjs": "jsx",
  ".cjs": "jsx",
  ".jsx": "jsx",
};

/** These files, and what they import, directly or not; without packages. */
export function withImports(files: readonly string[]): string[] {
  const found = new Set(files);
  for (const file of found) importsOf(file).forEach((imported) => found.add(imported));
  return [...found];
}

function importsOf(file: string): string[] {
  const loader = LOADERS[extname(file)];
  if (loader === undefined || isInExecutable(file)) return [];
  try {
    const imports = new Bun.Transpiler({ loader }).scanImports(readFileSync(file));
    return imports.flatMap(({ path }) => resolved(path, file)).filter(isOwn);
  } catch {
    return []; // it is gone, or no code
  }
}

function resolved(path: string, by: string): string[] {
  try {
    return [Bun.resolveSync(path, dirname(by))];
  } catch {
    return []; // loading it says why
  }
}

/** A name that is no path, such as "tq", is a module that the executable carries. */
export function isOwn(file: string): boolean {
  return isAbsolute(file) && !isInExecutable(file) && !/[\\/]node_modules[\\/]/.test(file);
}
