/** The models of a process by name (Tryton's Pool): those of its files, and classes that a program pushed for. */
import { type ModelCatalog, WHAT_MODELS_ARE } from "../catalog.ts";
import { TqError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import { BASE, catalogOf, type ModelClass } from "./model-class.ts";
import { checkModelName, sharedTable } from "./definition.ts";

interface Entry {
  readonly model: ModelClass;
  /** null for a class that a program pushed for. */
  readonly file: string | null;
}

export class Registry {
  readonly #models = new Map<string, Entry>();

  /**
   * @param file where the class was found; null for one that a program pushed for.
   * @param runs true where the program itself runs the tasks it pushed: the class that pushed last then runs them.
   * @throws TqError "models" when another class has the name already.
   */
  add(model: ModelClass, file: string | null, runs = false): void {
    const name = model.__name__;
    const there = this.#models.get(name);
    if (there?.model === model) return;
    checkModelName(name);
    if (there && isBaseOf(model, there.model)) return; // the base that ModelSQL made has no methods of its own
    const entry = { model, file };
    if (there && isBaseOf(there.model, model)) entry.file ??= there.file;
    else if (there && !replaces(there, entry, runs)) return;
    this.#checkTable(model);
    this.#models.set(name, entry);
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

  get(name: string): ModelClass | undefined {
    return this.#models.get(name)?.model;
  }

  /** The model of this name. @throws TqError "not_found", with the near name. */
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

/** True when the new class takes the name over. @throws TqError "models" for two classes that are both meant to run. */
function replaces(there: Entry, { model, file }: Entry, runs: boolean): boolean {
  // A program that is loaded again, as by `bun --hot`, has new classes of the same names.
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
