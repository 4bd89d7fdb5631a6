/** Tokens of the admin API. */
import type { Soon } from "../../soon.ts";
import type { NamedToken, Session, StoredToken, TokenStore } from "../tokens.ts";
import type { Access } from "./access.ts";

export interface TokenStatements<Db> {
  listTokens(db: Db): Soon<StoredToken[]>;
  addToken(db: Db, token: NamedToken, digest: Uint8Array, now: number): Soon<StoredToken>;
  removeToken(db: Db, name: string): Soon<StoredToken>;
  findToken(db: Db, digest: Uint8Array): Soon<StoredToken | null>;
  endSession(db: Db, session: Session, now: number): Soon<void>;
  isAnyOver(db: Db, now: number): Soon<boolean>;
  forgetOver(db: Db, now: number): Soon<void>;
  hasEnded(db: Db, session: Session): Soon<boolean>;
}

export class Tokens<Db> implements TokenStore {
  readonly #access: Access<Db>;
  readonly #statements: TokenStatements<Db>;

  constructor(access: Access<Db>, statements: TokenStatements<Db>) {
    this.#access = access;
    this.#statements = statements;
  }

  list(): Promise<StoredToken[]> {
    return this.#access.read((db) => this.#statements.listTokens(db));
  }

  add(token: NamedToken, digest: Uint8Array): Promise<StoredToken> {
    return this.#access.write((db, now) => this.#statements.addToken(db, token, digest, now));
  }

  remove(name: string): Promise<StoredToken> {
    return this.#access.write((db) => this.#statements.removeToken(db, name));
  }

  find(digest: Uint8Array): Promise<StoredToken | null> {
    return this.#access.read((db) => this.#statements.findToken(db, digest));
  }

  endSession(session: Session): Promise<void> {
    return this.#access.write((db, now) => this.#statements.endSession(db, session, now));
  }

  async tidy(now: number): Promise<void> {
    const isAny = await this.#access.read((db) => this.#statements.isAnyOver(db, now));
    if (isAny) await this.#access.write((db) => this.#statements.forgetOver(db, now));
  }

  hasEnded(session: Session): Promise<boolean> {
    return this.#access.read((db) => this.#statements.hasEnded(db, session));
  }
}
