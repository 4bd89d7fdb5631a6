/** The secrets that are never shown: the marks of tq.toml count for all tasks, those of a model for its own. */
import { concealed, type Holder, secretsOf } from "./conceal.ts";
import { EVERY_METHOD, type Mark, Marks, type ModelMarks } from "./marks.ts";
import type { Secrets } from "./secrets.ts";

/** A task, as far as what is secret in it depends on it. */
export interface Concealable extends Holder {
  readonly model: string;
  readonly method: string;
}

type Said = Concealable & { readonly reason?: string | null };

export class Redaction {
  readonly #names: readonly Mark[];
  readonly #ofModel: (model: string) => ModelMarks | null;
  readonly #byCall = new Map<string, Marks | null>();
  readonly #areModelsEmpty: () => boolean;

  /**
   * @param names those of tq.toml
   * @param ofModel null: the model marks nothing
   * @param areModelsEmpty true where no model marks anything
   */
  constructor(
    names: readonly Mark[],
    ofModel: (model: string) => ModelMarks | null,
    areModelsEmpty: () => boolean,
  ) {
    this.#names = names;
    this.#ofModel = ofModel;
    this.#areModelsEmpty = areModelsEmpty;
  }

  /** True: nothing is secret, so that there is nothing to do. */
  get isEmpty(): boolean {
    return this.#names.length === 0 && this.#areModelsEmpty();
  }

  /** null: nothing is secret in the calls of this method. */
  of(model: string, method: string): Marks | null {
    const call = `${model} ${method}`;
    let marks = this.#byCall.get(call);
    if (marks === undefined) this.#byCall.set(call, (marks = this.#read(model, method)));
    return marks;
  }

  #read(model: string, method: string): Marks | null {
    const its = this.#ofModel(model) ?? {};
    const all = [...this.#names, ...(its[EVERY_METHOD] ?? []), ...own(its, method)];
    return all.length === 0 ? null : new Marks(all);
  }

  secretsOf(task: Concealable): Secrets {
    return secretsOf(task, this.of(task.model, task.method));
  }

  /** The task as it may be shown. */
  conceal<T extends Said>(task: T): T {
    const marks = this.of(task.model, task.method);
    if (marks === null) return task;
    const secrets = secretsOf(task, marks);
    const shown = concealed(task, marks, secrets);
    if (typeof task.reason !== "string") return shown;
    return { ...shown, reason: secrets.hideIn(task.reason) };
  }
}

function own(marks: ModelMarks, method: string): readonly Mark[] {
  return method !== EVERY_METHOD && Object.hasOwn(marks, method) ? (marks[method] ?? []) : [];
}

/** Of stores that show everything. */
export const NOTHING_SECRET = new Redaction(
  [],
  () => null,
  () => true,
);
