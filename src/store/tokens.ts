/** Tokens of the admin API, for every store: each has a name and roles, and only its digest is kept. */
import { TqError } from "../errors.ts";
import { quote } from "../quote.ts";
import { didYouMean } from "../suggest.ts";

/** read: looks at everything. push: pushes, and waits for the results. admin: all of that, and every change. */
export const ROLES = ["read", "push", "admin"] as const;

export type Role = (typeof ROLES)[number];

export interface NamedToken {
  /** The program or person that has it. */
  readonly name: string;
  readonly roles: readonly Role[];
}

export interface StoredToken extends NamedToken {
  readonly created_at: number;
}

/** A token as it is stored: its roles are words. */
export interface TokenRow extends Omit<StoredToken, "roles"> {
  readonly roles: string;
}

export function toToken({ name, roles, created_at }: TokenRow): StoredToken {
  return { name, roles: roles.split(" ") as Role[], created_at };
}

/** A session of the dashboard. */
export interface Session {
  /** The digest of its token, in hex. */
  readonly token: string;
  /** Tells it from others of this token. */
  readonly id: string;
  /** When it ends by itself: ms since 1970 UTC. */
  readonly until: number;
}

/** The most rows that a store keeps of ended sessions of one token. */
export const MOST_ENDED_OF_TOKEN = 100;

export interface TokenStore {
  /** All of them, by name. */
  list(): Promise<StoredToken[]>;
  /** @throws TqError "conflict" where the name is taken. */
  add(token: NamedToken, digest: Uint8Array): Promise<StoredToken>;
  /** Nobody who has it is let in any more. @throws TqError "not_found" */
  remove(name: string): Promise<StoredToken>;
  /** The token with this digest; null: there is none. */
  find(digest: Uint8Array): Promise<StoredToken | null>;
  /** Ends a session before its time. Of many of one token all that began up to then end with it: their rows are bounded. */
  endSession(session: Session): Promise<void>;
  /** Forgets ended sessions that would be over by themselves by now: of each token they are few. */
  tidy(now: number): Promise<void>;
  /** True for one that was ended. */
  hasEnded(session: Session): Promise<boolean>;
}

export function tokenTaken(name: string): TqError {
  const why = "there is one already; tq token remove takes it away";
  return new TqError("conflict", `Cannot add the token ${quote(name)}: ${why}`);
}

/** @param names those there are */
export function unknownToken(name: string, names: readonly string[]): TqError {
  const hint = didYouMean(name, names) || "; tq token list shows those there are";
  return new TqError("not_found", `Cannot remove the token ${quote(name)}: there is none${hint}`);
}
