/** The marks of models: which fields and arguments are secret. */
import type { ModelMarks } from "../../redaction/marks.ts";
import { NOTHING_SECRET, type Redaction } from "../../redaction/redaction.ts";
import type { Soon } from "../../soon.ts";
import type { KnownFollowUps } from "../known-follow-ups.ts";
import type { DeclaredMarks, RedactionStore } from "../redaction-store.ts";
import type { Access } from "./access.ts";

export interface RedactionStatements<Db> {
  declaredMarks(db: Db): Soon<DeclaredMarks>;
  declareMarks(db: Db, models: readonly string[], marks: DeclaredMarks): Soon<void>;
}

export class Redactions<Db> implements RedactionStore {
  readonly #access: Access<Db>;
  readonly #statements: RedactionStatements<Db>;
  readonly #known: KnownFollowUps;
  readonly #own = new Map<string, ModelMarks | undefined>();

  constructor(access: Access<Db>, statements: RedactionStatements<Db>, known: KnownFollowUps) {
    this.#access = access;
    this.#statements = statements;
    this.#known = known;
  }

  async declare(models: readonly string[], marks: DeclaredMarks): Promise<void> {
    for (const model of models) this.#own.set(model, marks[model]);
    const before = await this.declared();
    const news = models.filter((model) => !Bun.deepEquals(before[model], marks[model]));
    if (news.length === 0) return;
    await this.#access.write((db) => this.#statements.declareMarks(db, news, marks));
  }

  /** Declares all again: a server may lack it. */
  async declareAgain(): Promise<void> {
    const marks = [...this.#own].flatMap(([model, its]) => (its ? [[model, its] as const] : []));
    await this.declare([...this.#own.keys()], Object.fromEntries(marks));
  }

  declared(): Promise<DeclaredMarks> {
    return this.#access.read((db) => this.#statements.declaredMarks(db));
  }

  concealFailures(names: readonly string[]): void {
    this.#known.secretNames = names;
  }

  inForce(): Redaction {
    return NOTHING_SECRET;
  }
}
