/** Loads models from a file, or from every file of a folder. */
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { isTqError, TqError, messageOf } from "../errors.ts";
import { ownerWords } from "../file-owner.ts";
import { cut, errorName, toErrorData } from "../outcome.ts";
import { openFilesWords } from "../open-files.ts";
import { placeOf } from "../stack.ts";
import { isInExecutable } from "./executable.ts";
import { type ModelClass, modelOf } from "./model-class.ts";
import { checkMarks } from "./marked-models.ts";
import { checkPolicies } from "./policies.ts";
import { recurringTasks } from "./recurring.ts";
import { Registry } from "./registry.ts";
import { installTsconfig } from "./tsconfig.ts";
import { inspected } from "../quote.ts";

const EXTENSIONS = /\.(?:ts|tsx|mts|cts|js|jsx|mjs|cjs)$/;
const NOT_MODELS = /(?:\.d\.[mc]?ts|\.(?:test|spec)\.[a-z]+)$/;

/**
 * Loads the models of a file, or of every TypeScript or JavaScript file of a folder and its subfolders
 * (not of `node_modules`, nor tests, nor files that begin with a dot).
 *
 * @param onFile called with each file before it is loaded.
 * @throws TqError "models": missing, unreadable, throws when loaded, two classes with one name.
 */
export async function loadModels(
  path: string,
  onFile: (file: string) => void = () => {},
): Promise<Registry> {
  const registry = new Registry();
  const files = modelFiles(path);
  const isFolder = !files.includes(path);
  // The folder's own first, as the first of two that fit a file counts; the other is for files imported from beside it.
  if (isFolder) installTsconfig(path);
  installTsconfig(dirname(path));
  for (const file of files) {
    onFile(file);
    const exports = await importFile(file);
    for (const value of Object.values(exports)) {
      const model = modelOf(value);
      if (!model) continue;
      registry.add(model, file);
      try {
        checkPolicies(model);
        checkMarks(model);
        recurringTasks([model]);
      } catch (error) {
        throw isTqError(error) ? withPlace(error, model, file) : unreadable(error, model, file);
      }
    }
  }
  checkRecurring(registry.all(), path); // two may have one name
  return registry;
}

/** A getter of the model has thrown, as its policies or recurring tasks were read. */
function unreadable(thrown: unknown, model: ModelClass, file: string): TqError {
  const { name, message, stack } = toErrorData(thrown);
  const why = `Cannot use the model ${model.__name__}: what it says of its tasks cannot be read: ${name}: ${message}`;
  const place = placeOf(stack);
  if (place !== null) return new TqError("models", `${why} (at ${place})`, { cause: thrown });
  return withPlace(new TqError("models", why, { cause: thrown }), model, file);
}

/** The sentence with the file, and the line of its class; a class that was imported there has none. */
function withPlace({ code, message, cause }: TqError, model: ModelClass, file: string): TqError {
  const line = lineOf(model, file);
  const at = line === null ? `in ${file}` : `at ${file}:${line}`;
  return new TqError(code, `${message} (${at})`, { cause });
}

function lineOf({ name, __name__ }: ModelClass, file: string): number | null {
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    const index = lines.findIndex((line) => declares(line, name) || declaresTask(line, __name__));
    return index === -1 ? null : index + 1;
  } catch {
    return null; // inside an executable there is no file
  }
}

function declares(line: string, name: string): boolean {
  const [, found] = /\bclass\s+([\w$]+)/.exec(line) ?? [];
  return found === name;
}

function declaresTask(line: string, name: string): boolean {
  const [, found] = /\btask\(\s*["'`]([^"'`]+)/.exec(line) ?? [];
  return found === name;
}

function checkRecurring(models: readonly ModelClass[], file: string): void {
  try {
    recurringTasks(models);
  } catch (error) {
    const why = messageOf(error);
    throw new TqError("models", `Cannot load models from ${file}: ${why}`, { cause: error });
  }
}

function modelFiles(path: string): string[] {
  if (isInExecutable(path)) return [path];
  let files: string[];
  try {
    const stat = statSync(path);
    if (stat.isFile()) return [path];
    if (!stat.isDirectory()) throw new Error("it is not a regular file");
    files = filesBelow(path).sort();
  } catch (error) {
    const { code, path: failed } = error as { code?: string; path?: string };
    const subject = failed === path ? "it" : `${failed}, a link,`;
    const reason =
      code === "ENOENT"
        ? `${subject} does not exist`
        : `${(error as Error).message}${ownerWords(failed ?? path)}`;
    const advice = "write the file, or name another with --models";
    throw new TqError(
      "models",
      `Cannot load models from ${path}: ${openFilesWords(error) ?? `${reason}; ${advice}`}`,
    );
  }
  if (files.length > 0) return files;
  throw new TqError(
    "models",
    `Cannot load models from ${path}: the folder has no .ts or .js file; write one, or name another folder with --models`,
  );
}

/** Follows links to folders, but each folder once, and never up. @param seen the real paths of the folders so far */
function filesBelow(folder: string, seen: string[] = []): string[] {
  const real = realpathSync(folder);
  if (seen.some((path) => path === real || path.startsWith(join(real, sep)))) return [];
  seen.push(real);
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || entry.name === "node_modules") return [];
    const path = join(folder, entry.name);
    if (entry.name.includes("\uFFFD")) {
      throw new Error(`the name of ${path} is not UTF-8, or has a U+FFFD: rename it`);
    }
    const stat = entry.isSymbolicLink() ? statSync(path) : entry;
    if (stat.isDirectory()) return filesBelow(path, seen);
    if (!EXTENSIONS.test(entry.name) || NOT_MODELS.test(entry.name)) return [];
    if (!stat.isFile()) throw new Error(`${path} is not a regular file`); // a pipe would keep its reader waiting
    return [path];
  });
}

async function importFile(file: string): Promise<Record<string, unknown>> {
  if (file.includes("?")) {
    throw new TqError(
      "models",
      `Cannot load models from ${file}: Bun takes what follows a ? for a query; rename the file or its folder`,
    );
  }
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    throw new TqError("models", `Cannot load models from ${file}: ${cut(reasonOf(error))}`, {
      cause: error,
    });
  }
}

/** A syntax error has a place, perhaps in an imported file; several come in an AggregateError. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return inspected(error);
  const { position } = error as { position?: { file: string; line: number; column: number } };
  if (!position) {
    const place = placeOf(error.stack);
    return `${errorName(error)}: ${error.message}${place === null ? "" : ` at ${place}`}`;
  }
  return `${error.message} at ${position.file}:${position.line}:${position.column}`;
}
