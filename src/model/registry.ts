/** Name → model class (Tryton's Pool). Filled from the user's files, and by classes that push. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ModelCatalog } from "../catalog.ts";
import { TqError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import { catalogOf, isModelClass, type ModelClass } from "./base.ts";
import { checkPolicies } from "./policy.ts";

export class Registry {
  readonly #models = new Map<string, { model: ModelClass; file: string | null }>();

  /**
   * @param file where the class was found; null for one that a program pushed for.
   * @throws TqError "models" when another class has the name already.
   */
  add(model: ModelClass, file: string | null): void {
    const name = model.__name__;
    const there = this.#models.get(name);
    if (there?.model === model) return;
    if (there && there.file !== null && file !== null) {
      throw new TqError(
        "models",
        `Cannot load models: two classes have the name ${JSON.stringify(name)}, one in ${there.file}, one in ${file}; rename one of them`,
      );
    }
    if (!there || there.file === null) this.#models.set(name, { model, file });
  }

  get(name: string): ModelClass | undefined {
    return this.#models.get(name)?.model;
  }

  /** @throws TqError "not_found" with the near name. */
  require(name: string, action: string): ModelClass {
    const model = this.get(name);
    if (model) return model;
    const names = [...this.#models.keys()];
    const known = names.length > 0 ? `; it has ${names.sort().join(", ")}` : "; it has none";
    throw new TqError(
      "not_found",
      `Cannot ${action}: there is no model ${JSON.stringify(name)} here${didYouMean(name, names) || known}`,
    );
  }

  /** Takes over what another registry has. */
  addAll(other: Registry): void {
    for (const { model, file } of other.#models.values()) this.add(model, file);
  }

  all(): ModelClass[] {
    return [...this.#models.values()].map(({ model }) => model);
  }

  catalog(): ModelCatalog {
    return catalogOf(this.all());
  }
}

const EXTENSIONS = /\.(?:ts|tsx|mts|cts|js|jsx|mjs|cjs)$/;
const NOT_MODELS = /(?:\.d\.[mc]?ts|\.(?:test|spec)\.[a-z]+)$/;

/**
 * Loads the models of a file, or of every TypeScript or JavaScript file of a folder and its subfolders
 * (not of `node_modules`, nor tests, nor files that begin with a dot).
 *
 * @throws TqError "models": missing, unreadable, throws when loaded, two classes with one name.
 */
export async function loadModels(path: string): Promise<Registry> {
  const registry = new Registry();
  for (const file of modelFiles(path)) {
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
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    throw new TqError("models", `Cannot load models from ${file}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** Syntax errors come as an AggregateError of messages with positions. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return String(error.errors[0]);
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
