/** The models of a process by name (Tryton's Pool): those of its files, and classes of which a program pushed tasks. */
import { type ModelCatalog, WHAT_MODELS_ARE } from "../catalog.ts";
import { TqError } from "../errors.ts";
import { notExportedWords } from "../made-functions.ts";
import { didYouMean } from "../suggest.ts";
import { BASE, catalogOf, isFunction, type ModelClass } from "./model-class.ts";
import { checkModelName, sharedTable } from "./definition.ts";

interface Entry {
  readonly model: ModelClass;
  /** null for a class of which a program pushed tasks. */
  readonly file: string | null;
}

export class Registry {
  /** Ends the sentence of a task whose model is missing. A command that pushes loads the models anew. */
  ifMissing = "if it is new, have the worker load it: SIGHUP, or start it again";
  /** True: a class marks secrets, and the store may not know of it. */
  hasNewMarks = false;
  readonly #models = new Map<string, Entry>();
  readonly #own = new Map<string, ModelClass>();

  /**
   * Adds a class, or keeps the one that has its name already where that is to run the tasks.
   *
   * @param file where the class was found; null for one of which a program pushed tasks.
   * @param latestWins true where the program itself runs the tasks it pushed: the class that pushed last runs them.
   * @throws TqError "models" for a name that a model cannot have, when two classes of one name are both meant to run,
   * or when a model of another name has the same table.
   */
  add(model: ModelClass, file: string | null, latestWins = false): void {
    const name = model.__name__;
    const existing = this.#models.get(name);
    if (existing?.model === model) return;
    checkModelName(name);
    if (existing && isBaseOf(model, existing.model)) return; // the base that ModelSQL made has no methods of its own
    if (existing && file === null && isExtension(existing.model, model)) return;
    const entry = { model, file };
    // The user's class takes the place of its base, and has the base's file where it comes by a push.
    if (existing && isBaseOf(existing.model, model)) entry.file ??= existing.file;
    else if (existing && !replaces(existing, entry, latestWins)) return;
    this.#checkTable(model);
    this.#models.set(name, entry);
    if ((model as { readonly redact?: unknown }).redact !== undefined) this.hasNewMarks = true;
  }

  /** Adds a function of tq itself: its tasks run, and no list of models has it. */
  addOwn(model: ModelClass): void {
    this.#own.set(model.__name__, model);
  }

  /** Refuses two models with one table: in a table's name a dot becomes an underscore. */
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

  /** True for a model that was found in a file; false for one of which only a class that pushed is known. */
  isFromFile(name: string): boolean {
    return this.fileOf(name) !== null;
  }

  /** The file that exports the model of this name; null: none does. */
  fileOf(name: string): string | null {
    return this.#models.get(name)?.file ?? null;
  }

  get(name: string): ModelClass | undefined {
    return this.#models.get(name)?.model ?? this.#own.get(name);
  }

  /**
   * The model of this name.
   *
   * @param kind what the caller takes it for.
   * @throws TqError "not_found" that suggests the nearest name.
   */
  require(name: string, action: string, kind: "model" | "function" = "model"): ModelClass {
    const model = this.get(name);
    if (model) return model;
    const names = [...this.#models.keys()];
    const known =
      names.length > 0
        ? `; the models here are ${names.sort().join(", ")}`
        : `; there are no models here: ${WHAT_MODELS_ARE}`;
    throw new TqError(
      "not_found",
      `Cannot ${action}: there is no ${kind} ${JSON.stringify(name)} here${notExportedWords(name) || didYouMean(name, names) || known}`,
    );
  }

  /** Adds the models of another registry. A file that was loaded again replaces all models that it had before. */
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

/** True when `ModelSQL` made the base and the model is the user's class on it. */
function isBaseOf(base: ModelClass, model: ModelClass): boolean {
  return Object.hasOwn(base, BASE) && model.prototype instanceof base;
}

/**
 * True when the class extends the other one, under the same name: then it runs the tasks of both. A program that was
 * loaded again has another class of the base's name.
 */
function isExtension(model: ModelClass, base: ModelClass): boolean {
  for (
    let above = Object.getPrototypeOf(model) as ModelClass | null;
    above?.__name__ === model.__name__ && !Object.hasOwn(above, BASE);
    above = Object.getPrototypeOf(above) as ModelClass | null
  ) {
    if (above === base || above.name === base.name) return true;
  }
  return false;
}

/** True when the new class takes the name over. @throws TqError "models" for two classes that are both meant to run. */
function replaces(existing: Entry, { model, file }: Entry, latestWins: boolean): boolean {
  if (existing.file === null && isExtension(model, existing.model)) return true;
  // A program that is loaded again, as by `bun --hot`, has new classes of the same names.
  const isLoadedAgain = existing.model.name === model.name;
  // A program whose tasks run elsewhere: its class takes over from another one that pushed, never from one of a file.
  if (file === null && !latestWins) return existing.file === null;
  // A program that runs its own tasks and was loaded again: the new class runs them.
  if (file === null && isLoadedAgain) return true;
  // A file is loaded after a push: the class that pushed stays, unless the file's has another name.
  if (file !== null && existing.file === null) return !isLoadedAgain;
  throw twoClasses(existing, { model, file });
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
    `Cannot ${action}: ${kindsOf(a.model, b.model)} have the name ${name}, ${where}; ${advice}`,
  );
}

function kindsOf(a: ModelClass, b: ModelClass): string {
  if (isFunction(a) !== isFunction(b)) return "a class and a function";
  return isFunction(a) ? "two functions" : "two classes";
}
