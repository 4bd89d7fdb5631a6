/** Reads tasks of a store, and finds and moves them, as they are shown: without what is marked secret. */
import { Marks } from "../../redaction/marks.ts";
import { NOTHING_SECRET, Redaction } from "../../redaction/redaction.ts";
import type { Secrets } from "../../redaction/secrets.ts";
import type { Task } from "../../task.ts";
import type { ManyMove, Part, ReadFilter } from "../looking.ts";
import type { DeclaredMarks } from "../redaction-store.ts";
import type { Store } from "../store.ts";
import { asStored, isFoundAsShown, looksInside, refuseSecrets } from "./search.ts";

/** Of a list whose filter names none. */
const DEFAULT_LIMIT = 100;

const ALL = { limit: Number.MAX_SAFE_INTEGER };

export class Concealer {
  readonly #store: Store;
  readonly #names: readonly string[];
  readonly #own: DeclaredMarks;
  #declared: DeclaredMarks | null = null;
  #redaction = NOTHING_SECRET;

  constructor(store: Store, names: readonly string[], own: DeclaredMarks) {
    this.#own = own;
    this.#store = store;
    this.#names = names;
  }

  /** Asked at each look: a worker may start meanwhile whose models mark something. */
  async redaction(): Promise<Redaction> {
    const declared = { ...(await this.#store.redactions.declared()), ...this.#own };
    if (this.#declared !== null && Bun.deepEquals(declared, this.#declared)) return this.#redaction;
    this.#declared = declared;
    const isEmpty = Object.keys(declared).length === 0;
    const of = (model: string) => (Object.hasOwn(declared, model) ? declared[model] : null) ?? null;
    return (this.#redaction = new Redaction(this.#names, of, () => isEmpty));
  }

  /** All that is marked in the tasks that a filter may find. */
  marksFor({ model }: ReadFilter): Marks {
    const declared = this.#declared ?? {};
    const isOne = model !== undefined && !/[*?]/.test(model);
    const models = isOne
      ? [model].filter((it) => Object.hasOwn(declared, it))
      : Object.keys(declared);
    const its = models.flatMap((it) => Object.values(declared[it] ?? {}).flat());
    return new Marks([...this.#names, ...its]);
  }

  async task<T extends Task | null>(task: T): Promise<T> {
    if (task === null) return task;
    return (await this.redaction()).conceal(task as Task) as T;
  }

  /** The secrets of a task; null: it is gone, so that they are not known. */
  async secretsOf(id: number, redaction: Redaction): Promise<Secrets | null> {
    const task = await this.#store.get(id);
    return task && redaction.secretsOf(task);
  }

  /** @param hide called where something may have to be hidden */
  async ofTask<T>(id: number, shown: T, hide: (shown: T, secrets: Secrets) => T): Promise<T> {
    const redaction = await this.redaction();
    const secrets = redaction.isEmpty ? null : await this.secretsOf(id, redaction);
    return secrets === null || secrets.areNone ? shown : hide(shown, secrets);
  }

  async *parts(filter: ReadFilter): AsyncGenerator<Part<Task>, void> {
    const redaction = await this.redaction();
    if (redaction.isEmpty) {
      yield* this.#store.parts(filter);
      return;
    }
    refuseSecrets(filter, this.marksFor(filter));
    if (looksInside(filter)) {
      yield* this.#searched(filter, redaction);
      return;
    }
    for await (const { found, downTo } of this.#store.parts(filter)) {
      yield { found: found.map((task) => redaction.conceal(task)), downTo };
    }
  }

  /** Up to the limit of the filter: the store may find more, which are shown otherwise. */
  async *#searched(filter: ReadFilter, redaction: Redaction): AsyncGenerator<Part<Task>, void> {
    let left = filter.limit ?? DEFAULT_LIMIT;
    for await (const { found, downTo } of this.#store.parts({ ...asStored(filter), ...ALL })) {
      const those = found.flatMap((task) => {
        const shown = redaction.conceal(task);
        return isFoundAsShown(shown, task, filter) ? [shown] : [];
      });
      const last = those[left - 1];
      if (last !== undefined) {
        yield { found: those.slice(0, left), downTo: last.id };
        return;
      }
      left -= those.length;
      yield { found: those, downTo };
    }
  }

  /** Moves those of these tasks that are still shown as the filter asks. */
  async moveMany(move: ManyMove, ids: readonly number[], filter: ReadFilter): Promise<number> {
    const redaction = await this.redaction();
    if (redaction.isEmpty || !looksInside(filter)) return this.#store.moveMany(move, ids, filter);
    const tasks = await Promise.all(ids.map((id) => this.#store.get(id)));
    const those = tasks.filter(
      (task) => task !== null && isFoundAsShown(redaction.conceal(task), task, filter),
    );
    const still = those.flatMap((task) => task?.id ?? []);
    return this.#store.moveMany(move, still, asStored(filter));
  }

  /** The ids of what `parts` finds, without reading the tasks where that need not be. */
  async *matching(filter: ReadFilter): AsyncGenerator<Part<number>, void> {
    if (!looksInside(filter) || (await this.redaction()).isEmpty) {
      yield* this.#store.matching(filter);
      return;
    }
    for await (const { found, downTo } of this.parts({ ...filter, ...ALL })) {
      yield { found: found.map(({ id }) => id), downTo };
    }
  }
}
