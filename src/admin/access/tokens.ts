/** Tells which token a request shows, and what its roles allow. */
import type { Soon } from "../../soon.ts";
import type { Role, StoredToken, TokenStore } from "../../store/tokens.ts";

/** The program or person that calls. */
export interface Caller {
  /** The name of its token; `tq.token` of the one in that file. */
  readonly name: string;
  readonly roles: readonly Role[];
  /** The SHA-256 of the token, in hex. */
  readonly digest: string;
  /** When its session ends, in ms since 1970 UTC; absent: it shows the token itself. */
  readonly until?: number;
  /** Tells its session from others of its token; absent as `until` is. */
  readonly session?: string;
}

/** The name of the token that is made with the database. */
const FILE_TOKEN = "tq.token";

export class Tokens {
  readonly #fileToken: Uint8Array;
  readonly #fileCaller: Caller;
  readonly #named: TokenStore;

  /** @param token the one in tq.token: it has every role. */
  constructor(token: string, named: TokenStore) {
    this.#fileToken = digestOf(token);
    this.#fileCaller = { name: FILE_TOKEN, roles: ["admin"], digest: this.#fileToken.toHex() };
    this.#named = named;
  }

  /** @param digest the `digest` of a caller, as a session keeps it. */
  async byDigest(digest: string): Promise<Caller | null> {
    return /^[\da-f]{64}$/.test(digest) ? this.find(Uint8Array.fromHex(digest)) : null;
  }

  /** True while the token is there and has one of the roles: an answer that takes long asks again. */
  async stillMay(caller: Caller, roles: readonly Role[], now: number): Promise<boolean> {
    if ((caller.until ?? Infinity) <= now || (await this.hasEnded(caller))) return false;
    const present = await this.byDigest(caller.digest);
    return present !== null && roles.some((role) => mayDo(present, role));
  }

  /** True for the session of a person who has signed out. */
  async hasEnded({ digest, until, session }: Caller): Promise<boolean> {
    if (until === undefined || session === undefined) return false;
    return this.#named.hasEnded({ token: digest, id: session, until });
  }

  async endSession({ digest, until, session }: Caller): Promise<void> {
    if (until === undefined || session === undefined) return;
    await this.#named.endSession({ token: digest, id: session, until });
  }

  /**
   * Digests are compared, so that neither the text nor the length of a token leaks. A named token is looked up each time, as
   * another process may have removed it.
   *
   * @param digest of `digestOf`
   * @returns null for a token that there is not.
   */
  find(digest: Uint8Array): Soon<Caller | null> {
    if (crypto.timingSafeEqual(digest, this.#fileToken)) return this.#fileCaller;
    return this.#findNamed(digest);
  }

  async #findNamed(digest: Uint8Array): Promise<Caller | null> {
    const found: StoredToken | null = await this.#named.find(digest);
    return found && { name: found.name, roles: found.roles, digest: digest.toHex() };
  }
}

/** A token that nobody can guess. */
export function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** True for a token that does not look as tq makes them: a user has written it into tq.token. */
export function isOwnText(token: string): boolean {
  return !/^[\w-]{43}$/.test(token);
}

export function digestOf(token: string): Uint8Array {
  return Bun.SHA256.hash(token) as Uint8Array;
}

export function mayDo({ roles }: Pick<Caller, "roles">, role: Role): boolean {
  return roles.includes("admin") || roles.includes(role);
}
