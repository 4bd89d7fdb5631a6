/**
 * Compiles models as their tsconfig.json says where Bun, inside a compiled program, does not: with the decorators of
 * TypeScript before version 5, and with settings of JSX that come by `extends`.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { TqError } from "../errors.ts";
import { isInExecutable } from "./executable.ts";

const OPTIONS = [
  "experimentalDecorators",
  "emitDecoratorMetadata",
  "jsx",
  "jsxFactory",
  "jsxFragmentFactory",
  "jsxImportSource",
] as const;

type CompilerOptions = Partial<Record<(typeof OPTIONS)[number], unknown>>;

/** The folders of the tsconfig.json files that this thread obeys already. */
const installed = new Set<string>();

/**
 * Compiles the files of a folder, and of those below it, as the tsconfig.json in it or nearest above it says.
 *
 * @throws TqError "models" for a tsconfig.json that cannot be read.
 */
export function installTsconfig(folder: string): void {
  const file = nearest(folder);
  if (file === null || installed.has(dirname(file)) || !isInExecutable(import.meta.path)) return;
  installed.add(dirname(file));
  for (const plugin of pluginsOf(file)) void Bun.plugin(plugin);
}

/** The same for `Bun.build`. The first of two folders that fit a file counts. */
export function tsconfigPlugins(folders: readonly string[]): Bun.BunPlugin[] {
  const files = new Set(folders.flatMap((folder) => nearest(folder) ?? []));
  return isInExecutable(import.meta.path) ? [...files].flatMap(pluginsOf) : [];
}

function pluginsOf(file: string): Bun.BunPlugin[] {
  const options = optionsOf(file, []);
  return Object.keys(options).length > 0 ? [compiler(dirname(file), options)] : [];
}

function nearest(folder: string): string | null {
  const file = join(folder, "tsconfig.json");
  if (existsSync(file)) return file;
  const above = dirname(folder);
  return above === folder ? null : nearest(above);
}

/** @param by the files that extend this one, to find a circle */
function optionsOf(file: string, by: readonly string[]): CompilerOptions {
  if (by.includes(file)) throw refused(file, "it extends itself");
  const { compilerOptions, extends: bases } = read(file);
  const options: CompilerOptions = {};
  for (const base of [bases ?? []].flat()) {
    Object.assign(options, optionsOf(find(base, file), [...by, file]));
  }
  for (const name of OPTIONS) {
    const value = compilerOptions?.[name];
    if (value !== undefined) options[name] = value;
  }
  return options;
}

interface Tsconfig {
  readonly extends?: string | readonly string[];
  readonly compilerOptions?: CompilerOptions;
}

function read(file: string): Tsconfig {
  try {
    return (Bun.JSONC.parse(readFileSync(file, "utf8")) ?? {}) as Tsconfig;
  } catch (error) {
    throw refused(file, String(error), error);
  }
}

/** A path is relative to the file that extends it; other names are of packages. */
function find(base: string, file: string): string {
  try {
    return Bun.resolveSync(base, dirname(file));
  } catch (error) {
    if (existsSync(join(dirname(file), `${base}.json`))) return join(dirname(file), `${base}.json`);
    throw refused(file, `it extends ${base}, which is not there`, error);
  }
}

function refused(file: string, why: string, cause?: unknown): TqError {
  return new TqError("models", `Cannot compile models as ${file} says: ${why}`, { cause });
}

/**
 * Finds a line, other than of a comment, that may have a decorator. Bun compiles a file without one itself, and then
 * knows the lines of its errors.
 */
const DECORATOR = /^(?!\s*(?:\/?\*|\/\/))(?:.*[\s;{}(,])?@[\w$(]/m;

function compiler(folder: string, compilerOptions: CompilerOptions): Bun.BunPlugin {
  const escaped = folder.replaceAll(/[^\w/]/g, String.raw`\$&`);
  return {
    name: "tsconfig",
    setup(build) {
      build.onLoad({ filter: new RegExp(`^${escaped}.*\\.[mc]?[tj]sx?$`) }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        const loader = loaderOf(path);
        const isLeftToBun = !loader.endsWith("x") && !DECORATOR.test(text);
        if (isLeftToBun || path.includes("/node_modules/")) return { contents: text, loader };
        const tsconfig = { compilerOptions };
        const options = { loader, target: "bun", autoImportJSX: true, tsconfig } as const;
        const transpiler = new Bun.Transpiler(options as Bun.TranspilerOptions);
        return { contents: transpiler.transformSync(text), loader: "js" };
      });
    },
  };
}

function loaderOf(path: string): "ts" | "tsx" | "js" | "jsx" {
  const [, kind = "t", x = ""] = /\.[mc]?([tj])s(x?)$/.exec(path) ?? [];
  return `${kind === "t" ? "ts" : "js"}${x === "x" ? "x" : ""}`;
}
