/** The session of a person who has signed in: a signed cookie that names the token, never the token itself. */
import type { Context } from "hono";
import { deleteCookie, getSignedCookie, setSignedCookie } from "hono/cookie";
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

  /** @returns null where nobody has signed in, the session has ended or was signed out, or its token is gone. */
  async caller(c: Context): Promise<Caller | null> {
    const value = await getSignedCookie(c, this.#secret, this.#cookie);
    if (typeof value !== "string") return null;
    const [ends = "", digest = "", session = ""] = value.split(".");
    const until = Number(ends);
    if (!(until > this.#now()) || session === "") return null;
    const token = await this.#tokens.byDigest(digest);
    const caller = token && { ...token, until, session };
    return caller === null || (await this.#tokens.hasEnded(caller)) ? null : caller;
  }

  async begin(c: Context, { digest }: Caller): Promise<void> {
    const id = crypto.getRandomValues(new Uint8Array(16)).toHex();
    const value = `${this.#now() + SESSION_MS}.${digest}.${id}`;
    await setSignedCookie(c, this.#cookie, value, this.#secret, {
      path: "/",
      httpOnly: true,
      sameSite: "Strict",
      secure: new URL(c.req.url).protocol === "https:",
      maxAge: SESSION_MS / 1_000,
    });
  }

  /** Ends the session of this caller for all who have its cookie, and takes that from this browser. */
  async end(c: Context, caller: Caller): Promise<void> {
    deleteCookie(c, this.#cookie, { path: "/" });
    await this.#tokens.endSession(caller);
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
