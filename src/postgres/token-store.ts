/** Tokens of the admin API on PostgreSQL. */
import type { NamedToken, Session, StoredToken, TokenStore } from "../store/tokens.ts";
import type { Access } from "./access.ts";
import * as sessions from "./sql/ended-sessions.ts";
import * as tokens from "./sql/tokens.ts";

export class PostgresTokens implements TokenStore {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  list(): Promise<StoredToken[]> {
    return this.#access.read(tokens.listTokens);
  }

  add(token: NamedToken, digest: Uint8Array): Promise<StoredToken> {
    return this.#access.write((db, now) => tokens.addToken(db, token, digest, now));
  }

  remove(name: string): Promise<StoredToken> {
    return this.#access.write((db) => tokens.removeToken(db, name));
  }

  find(digest: Uint8Array): Promise<StoredToken | null> {
    return this.#access.read((db) => tokens.findToken(db, digest));
  }

  endSession(session: Session): Promise<void> {
    return this.#access.write((db, now) => sessions.endSession(db, session, now));
  }

  async tidy(now: number): Promise<void> {
    const isAny = await this.#access.read((db) => sessions.isAnyOver(db, now));
    if (isAny) await this.#access.write((db) => sessions.forgetOver(db, now));
  }

  hasEnded(session: Session): Promise<boolean> {
    return this.#access.read((db) => sessions.hasEnded(db, session));
  }
}
