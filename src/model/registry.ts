/** Name → model class (Tryton's Pool). Filled from the user's files, and by classes that push. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type ModelCatalog, WHAT_MODELS_ARE } from "../catalog.ts";
import { TqError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import { BASE, catalogOf, isModelClass, type ModelClass } from "./base.ts";
import { checkModelName, sharedTable } from "./definition.ts";
import { checkPolicies } from "./policy.ts";

interface Entry {
  readonly model: ModelClass;
  /** null for a class that a program pushed for. */
  readonly file: string | null;
}

export class Registry {
  readonly #models = new Map<string, Entry>();

  /**
   * @param file where the class was found; null for one that a program pushed for.
   * @param runs true where the program itself runs what it pushed for: the class that pushed last is what runs.
   * @throws TqError "models" when another class has the name already.
   */
  add(model: ModelClass, file: string | null, runs = false): void {
    const name = model.__name__;
    const there = this.#models.get(name);
    if (there?.model === model) return;
    checkModelName(name);
    if (there && isBaseOf(model, there.model)) return; // it has no methods of its own
    const entry = { model, file };
    if (there && isBaseOf(there.model, model)) entry.file ??= there.file;
    else if (there && !replaces(there, entry, runs)) return;
    this.#checkTable(model);
    this.#models.set(name, entry);
  }

  /** A dot and an underscore make the same table. */
  #checkTable(model: ModelClass): void {
    for (const other of this.all()) {
      const table = sharedTable(model, other);
      if (table === undefined) continue;
      throw new TqError(
        "models",
        `Cannot load models: ${other.__name__} and ${model.__name__} would share the table ${table}; rename one of them`,
      );
    }
  }

  get(name: string): ModelClass | undefined {
    return this.#models.get(name)?.model;
  }

  /** @throws TqError "not_found" with the near name. */
  require(name: string, action: string): ModelClass {
    const model = this.get(name);
    if (model) return model;
    const names = [...this.#models.keys()];
    const known =
      names.length > 0
        ? `; it has ${names.sort().join(", ")}`
        : `; it has none: ${WHAT_MODELS_ARE}`;
    throw new TqError(
      "not_found",
      `Cannot ${action}: there is no model ${JSON.stringify(name)} here${didYouMean(name, names) || known}`,
    );
  }

  /** Takes over what another registry has. A file that was loaded before is a new one now. */
  addAll(other: Registry): void {
    const files = new Set([...other.#models.values()].map(({ file }) => file));
    for (const [name, { file }] of this.#models) {
      if (file !== null && files.has(file)) this.#models.delete(name);
    }
    for (const { model, file } of other.#models.values()) this.add(model, file);
  }

  all(): ModelClass[] {
    return [...this.#models.values()].map(({ model }) => model);
  }

  catalog(): ModelCatalog {
    return catalogOf(this.all());
  }
}

/** True for what `ModelSQL` itself made, when the other is the user's class on it. */
function isBaseOf(base: ModelClass, model: ModelClass): boolean {
  return Object.hasOwn(base, BASE) && model.prototype instanceof base;
}

/** @throws TqError "models" for two classes that are both meant to run. */
function replaces(there: Entry, { model, file }: Entry, runs: boolean): boolean {
  // A program that is loaded again, as by `bun --hot`, has its classes anew.
  const again = there.model.name === model.name;
  if (file === null && !runs) return there.file === null;
  if (file === null && again) return true;
  if (file !== null && there.file === null) return !again;
  throw twoClasses(there, { model, file });
}

function twoClasses(a: Entry, b: Entry): TqError {
  const name = JSON.stringify(a.model.__name__);
  const [parent, child] = b.model.prototype instanceof a.model ? [a, b] : [b, a];
  const advice =
    child.model.prototype instanceof parent.model
      ? `${child.model.name} extends ${parent.model.name}: give it a static __name__ of its own, or export only one of them`
      : "rename one of them";
  const [here, there] = [a.file ?? "this program", b.file ?? "this program"];
  const where = here === there ? `both in ${here}` : `one in ${here}, one in ${there}`;
  const action = b.file === null ? "push" : "load models";
  return new TqError(
    "models",
    `Cannot ${action}: two classes have the name ${name}, ${where}; ${advice}`,
  );
}

const EXTENSIONS = /\.(?:ts|tsx|mts|cts|js|jsx|mjs|cjs)$/;
const NOT_MODELS = /(?:\.d\.[mc]?ts|\.(?:test|spec)\.[a-z]+)$/;

/**
 * Loads the models of a file, or of every TypeScript or JavaScript file of a folder and its subfolders
 * (not of `node_modules`, nor tests, nor files that begin with a dot).
 *
 * @param next told each file before it is loaded.
 * @throws TqError "models": missing, unreadable, throws when loaded, two classes with one name.
 */
export async function loadModels(
  path: string,
  next: (file: string) => void = () => {},
): Promise<Registry> {
  const registry = new Registry();
  for (const file of modelFiles(path)) {
    next(file);
    const exports = await importFile(file);
    for (const value of Object.values(exports)) {
      if (!isModelClass(value)) continue;
      registry.add(value, file);
      checkPolicies(value);
    }
  }
  return registry;
}

function modelFiles(path: string): string[] {
  if (path.startsWith("/$bunfs/") || /^[A-Z]:[\\/]~BUN[\\/]/.test(path)) return [path]; // inside a compiled program
  let stat;
  try {
    stat = statSync(path);
  } catch (error) {
    const reason =
      (error as { code?: string }).code === "ENOENT" ? "it does not exist" : String(error);
    throw new TqError(
      "models",
      `Cannot load models from ${path}: ${reason}; write the file, or name another with --models`,
    );
  }
  if (!stat.isDirectory()) return [path];
  const files = filesBelow(path).sort();
  if (files.length > 0) return files;
  throw new TqError(
    "models",
    `Cannot load models from ${path}: the folder has no .ts or .js file; write one, or name another folder with --models`,
  );
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || entry.name === "node_modules") return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return EXTENSIONS.test(entry.name) && !NOT_MODELS.test(entry.name) ? [path] : [];
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
    throw new TqError("models", `Cannot load models from ${file}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** A syntax error has a place, maybe in a file that this one imports; several come in an AggregateError. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return Bun.inspect(error);
  const { position } = error as { position?: { file: string; line: number; column: number } };
  if (!position) return `${error.name}: ${error.message}`;
  return `${error.message} at ${position.file}:${position.line}:${position.column}`;
}
