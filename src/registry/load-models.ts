/** Loads models from a file, or from every file of a folder. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { isTqError, TqError, messageOf } from "../errors.ts";
import { cut, errorName, toErrorData } from "../outcome.ts";
import { placeOf } from "../stack.ts";
import { type ModelClass, modelOf } from "./model-class.ts";
import { checkMarks } from "./marked-models.ts";
import { modelFiles, realFile } from "./model-files.ts";
import { checkPolicies } from "./policies.ts";
import { recurringTasks } from "./recurring.ts";
import { Registry } from "./registry.ts";
import { installTsconfig } from "./tsconfig.ts";
import { inspected } from "../quote.ts";

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

async function importFile(file: string): Promise<Record<string, unknown>> {
  const real = realFile(file); // Bun would go on taking a link for the file that it was when the process first saw it
  if (real.includes("?")) {
    throw new TqError(
      "models",
      `Cannot load models from ${real}: Bun takes what follows a ? for a query; rename the file or its folder`,
    );
  }
  try {
    return (await import(pathToFileURL(real).href)) as Record<string, unknown>;
  } catch (error) {
    throw new TqError("models", `Cannot load models from ${file}: ${cut(reasonOf(error))}`, {
      cause: error,
    });
  }
}

/** Classes of errors that only Bun knows: a module that is not there, and code that is none. */
const OF_BUN = /^(?:Resolve|Build)Message$/;

/** A syntax error has a place, perhaps in an imported file; several come in an AggregateError. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return inspected(error);
  const { position } = error as { position?: { file: string; line: number; column: number } };
  if (!position) {
    const place = placeOf(error.stack);
    const name = errorName(error);
    const kind = OF_BUN.test(name) ? "" : `${name}: `;
    return `${kind}${error.message}${place === null ? "" : ` at ${place}`}`;
  }
  return `${error.message} at ${position.file}:${position.line}:${position.column}`;
}
