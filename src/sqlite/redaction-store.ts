/** The marks of models on SQLite: which fields and arguments are secret. */
import { NOTHING_SECRET, type Redaction } from "../redaction/redaction.ts";
import type { DeclaredMarks, RedactionStore } from "../store/redaction-store.ts";
import type { KnownFollowUps } from "../store/known-follow-ups.ts";
import { declaredMarks, declareMarks } from "./sql/redactions.ts";
import type { StatisticsAccess } from "./statistics-store.ts";

export class SqliteRedactions implements RedactionStore {
  readonly #access: StatisticsAccess;
  readonly #known: KnownFollowUps;

  constructor(access: StatisticsAccess, known: KnownFollowUps) {
    this.#access = access;
    this.#known = known;
  }

  async declare(models: readonly string[], marks: DeclaredMarks): Promise<void> {
    const before = await this.declared();
    const news = models.filter((model) => !Bun.deepEquals(before[model], marks[model]));
    if (news.length > 0) await this.#access.write((db) => declareMarks(db, news, marks));
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
