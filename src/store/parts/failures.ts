/** Follow-ups and alerts of failures. */
import type { Soon } from "../../soon.ts";
import type {
  AlertDefinition,
  AlertKey,
  AlertTake,
  DeclaredFollowUps,
  FailureStore,
  FollowUp,
  TakenAlert,
} from "../failure-store.ts";
import type { KnownFollowUps } from "../known-follow-ups.ts";
import type { FailedTask } from "../looking.ts";
import type { Access } from "./access.ts";

type Models = readonly string[];
type FollowUps = readonly FollowUp[];
type Definitions = readonly AlertDefinition[];

export interface FailureStatements<Db> {
  isNewlyDeclared(db: Db, models: Models, followUps: FollowUps): Soon<boolean>;
  declareFollowUps(db: Db, models: Models, followUps: FollowUps): Soon<void>;
  isNewlyWatched(db: Db, origin: string, definitions: Definitions): Soon<boolean>;
  countAllPassedOver(db: Db, origin: string, definitions: Definitions, now: number): Soon<number>;
  /** False: another process was faster. */
  watchFailures(db: Db, origin: string, definitions: Definitions, now: number): Soon<boolean>;
  noteTrouble(db: Db, words: string, now: number): Soon<void>;
  nothingToTell(db: Db, take: AlertTake, now: number): Soon<TakenAlert | null>;
  takeAlert(db: Db, take: AlertTake, now: number): Soon<TakenAlert>;
  endAlert(db: Db, worker: string, channel: AlertKey, until: number | null): Soon<void>;
  lastFailed(db: Db, most: number): Soon<FailedTask[]>;
}

export class Failures<Db> implements FailureStore {
  readonly #access: Access<Db>;
  readonly #statements: FailureStatements<Db>;
  readonly #known: KnownFollowUps;
  #own: DeclaredFollowUps | null = null;

  constructor(access: Access<Db>, statements: FailureStatements<Db>, known: KnownFollowUps) {
    this.#access = access;
    this.#statements = statements;
    this.#known = known;
  }

  know(declared: DeclaredFollowUps): void {
    this.#known.know(declared);
  }

  async declare(models: Models, followUps: FollowUps): Promise<void> {
    this.#own = { models, followUps };
    this.know(this.#own);
    const its = [models, followUps] as const;
    if (!(await this.#access.read((db) => this.#statements.isNewlyDeclared(db, ...its)))) return;
    await this.#access.write((db) => this.#statements.declareFollowUps(db, ...its));
  }

  /** Declares the same again: a server may lack it. */
  async declareAgain(): Promise<void> {
    if (this.#own !== null) await this.declare(this.#own.models, this.#own.followUps);
  }

  async watch(origin: string, definitions: Definitions): Promise<number> {
    const its = [origin, definitions] as const;
    if (!(await this.#access.read((db) => this.#statements.isNewlyWatched(db, ...its)))) return 0;
    const passedOver = await this.#access.read((db) =>
      this.#statements.countAllPassedOver(db, ...its, this.#access.now()),
    );
    const isNew = await this.#access.write((db, now) =>
      this.#statements.watchFailures(db, ...its, now),
    );
    return isNew ? passedOver : 0;
  }

  trouble(words: string): Promise<void> {
    return this.#access.write((db, now) => this.#statements.noteTrouble(db, words, now));
  }

  async take(take: AlertTake): Promise<TakenAlert> {
    await this.watch(take.origin, take.definitions); // another process may have dropped them
    const nothing = await this.#access.read((db) =>
      this.#statements.nothingToTell(db, take, this.#access.now()),
    );
    return nothing ?? this.#access.write((db, now) => this.#statements.takeAlert(db, take, now));
  }

  told(worker: string, channel: AlertKey, until: number, hasGone: boolean): Promise<void> {
    const toldUntil = hasGone ? until : null;
    return this.#access.write((db) => this.#statements.endAlert(db, worker, channel, toldUntil));
  }

  last(most: number): Promise<FailedTask[]> {
    return this.#access.read((db) => this.#statements.lastFailed(db, most));
  }
}
