/** The marks of models on PostgreSQL: which fields and arguments are secret. */
import type { ModelMarks } from "../redaction/marks.ts";
import { NOTHING_SECRET, type Redaction } from "../redaction/redaction.ts";
import type { KnownFollowUps } from "../store/known-follow-ups.ts";
import type { DeclaredMarks, RedactionStore } from "../store/redaction-store.ts";
import type { Access } from "./access.ts";
import { lock } from "./locks.ts";
import { declaredMarks, declareMarks } from "./sql/redactions.ts";

export class PostgresRedactions implements RedactionStore {
  readonly #access: Access;
  readonly #known: KnownFollowUps;
  readonly #own = new Map<string, ModelMarks | undefined>();

  constructor(access: Access, known: KnownFollowUps) {
    this.#access = access;
    this.#known = known;
  }

  async declare(models: readonly string[], marks: DeclaredMarks): Promise<void> {
    for (const model of models) this.#own.set(model, marks[model]);
    const before = await this.declared();
    const news = models.filter((model) => !Bun.deepEquals(before[model], marks[model]));
    if (news.length === 0) return;
    await this.#access.write(async (db) => {
      await lock(db, "definitions");
      await declareMarks(db, news, marks);
    });
  }

  /** Declares all again: the server may lack it. */
  async declareAgain(): Promise<void> {
    const marks = [...this.#own].flatMap(([model, its]) => (its ? [[model, its] as const] : []));
    await this.declare([...this.#own.keys()], Object.fromEntries(marks));
  }

  declared(): Promise<DeclaredMarks> {
    return this.#access.read(declaredMarks);
  }

  concealFailures(names: readonly string[]): void {
    this.#known.secretNames = names;
  }

  inForce(): Redaction {
    return NOTHING_SECRET;
  }
}
