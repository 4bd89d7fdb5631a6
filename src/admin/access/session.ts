/** The session of a person who has signed in: a signed cookie that names the token, never the token itself. */
import type { Context } from "hono";
import { deleteCookie, getCookie, getSignedCookie, setSignedCookie } from "hono/cookie";
import { DAY_MS } from "../../values/duration.ts";
import { type Caller, digestOf, type Tokens } from "./tokens.ts";

/** A session ends after this time, and with its token. */
const SESSION_MS = 30 * DAY_MS;

export class Sessions {
  readonly #tokens: Tokens;
  readonly #secret: Uint8Array<ArrayBuffer>;
  readonly #now: () => number;
  /** Browsers send a host's cookies to each of its ports: another database there has another name. */
  readonly #cookie: string;

  /** @param token the one in tq.token: where it changes, all sessions end. */
  constructor(tokens: Tokens, token: string, now: () => number) {
    this.#tokens = tokens;
    this.#secret = Uint8Array.from(digestOf(`session ${token}`));
    this.#now = now;
    this.#cookie = `tq_${digestOf(`cookie ${token}`).toHex().slice(0, 12)}`;
  }

  /** @returns null where nobody has signed in, the session has ended, or its token is gone. */
  async caller(c: Context): Promise<Caller | null> {
    const value = await getSignedCookie(c, this.#secret, this.#cookie);
    if (typeof value !== "string") return null;
    const [ends = "", digest = ""] = value.split(".");
    const until = Number(ends);
    if (!(until > this.#now())) return null;
    const caller = await this.#tokens.byDigest(digest);
    return caller && { ...caller, until };
  }

  async begin(c: Context, { digest }: Caller): Promise<void> {
    const value = `${this.#now() + SESSION_MS}.${digest}`;
    await setSignedCookie(c, this.#cookie, value, this.#secret, {
      path: "/",
      httpOnly: true,
      sameSite: "Strict",
      secure: new URL(c.req.url).protocol === "https:",
      maxAge: SESSION_MS / 1_000,
    });
  }

  /** Tells this session from others of the same token. */
  key(c: Context): string {
    return getCookie(c, this.#cookie) ?? "";
  }

  end(c: Context): void {
    deleteCookie(c, this.#cookie, { path: "/" });
  }

  /** The secret that each form of this caller's pages sends back: no other site can know it. */
  formToken({ digest }: Caller): string {
    return new Bun.CryptoHasher("sha256", this.#secret).update(`form ${digest}`).digest("hex");
  }

  isFormToken(caller: Caller, given: unknown): boolean {
    if (typeof given !== "string") return false;
    return crypto.timingSafeEqual(digestOf(given), digestOf(this.formToken(caller)));
  }
}
