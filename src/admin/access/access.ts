/** Lets in the callers that show a token, by a header or by the session of the dashboard. */
import type { Context, MiddlewareHandler } from "hono";
import { TqError } from "../../errors.ts";
import { quote } from "../../quote.ts";
import type { Role } from "../../store/tokens.ts";
import { refuseMany, roomForUnknown } from "../input/bodies.ts";
import { problem } from "../problem.ts";
import type { GuessLimit } from "./guesses.ts";
import { type Caller, mayDo } from "./tokens.ts";

/** The facts that the server gives with each request, and its caller. */
export interface AdminEnv {
  readonly Bindings: {
    /** Called when the request has come whole: from now on it is the answer that takes its time. */
    readonly received?: () => void;
    /** The address of the caller; absent: it is not known. */
    readonly address?: string;
  };
  readonly Variables: { readonly caller: Caller };
}

/** Says who has paused or run something: the name of the token. */
export function callerName(c: Context<AdminEnv>): string {
  return c.get("caller").name;
}

/** Says who calls by another way than a token in a header; null: nobody that it knows. */
export type OtherWay = (c: Context) => Promise<Caller | null>;

/**
 * Answers 401 to a request without a token that there is, and 429 to an address that tries too many.
 *
 * @param otherWay asked where a request has no token in its header.
 * @param check called before a look: an open file that was deleted can still be read
 */
export function requireCaller(
  guesses: GuessLimit,
  otherWay: OtherWay,
  check: () => Promise<void>,
): MiddlewareHandler<AdminEnv> {
  const takeRoom = roomForUnknown();
  return async (c, next) => {
    const leave = takeRoom(c);
    if (leave === null) return refuseMany(c);
    const refusal = await look(c).finally(leave);
    return refusal ?? next();
  };

  async function look(c: Context<AdminEnv>): Promise<Response | undefined> {
    const given = /^bearer +(\S+)$/i.exec(c.req.header("authorization")?.trim() ?? "")?.[1];
    const caller = given === undefined ? await otherWay(c) : await guesses.look(c.env, given);
    if (typeof caller === "number") return mustWait(c, caller);
    if (caller === null) throw given === undefined ? noToken() : wrongToken();
    c.set("caller", caller);
    if (c.req.method === "GET") await check();
    return undefined;
  }
}

function mustWait(c: Context, seconds: number): Response {
  const message = "Cannot look at the token: this address has shown many that are wrong; wait";
  return problem(c, "too_many", message, { headers: { "Retry-After": String(seconds) } });
}

function wrongToken(): TqError {
  return new TqError(
    "unauthorized",
    "Unauthorized: the token is neither the one in tq.token beside the database nor one that tq token list shows",
  );
}

function noToken(): TqError {
  return new TqError(
    "unauthorized",
    "Unauthorized: the request has no token; send the header `Authorization: Bearer TOKEN`, where TOKEN is the text in tq.token",
  );
}

/** Answers 403 to a caller whose token has none of these roles. */
export function requireRole(...needed: readonly Role[]): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    const caller = c.get("caller");
    if (needed.some((role) => mayDo(caller, role))) return next();
    const message = `Cannot ${c.req.method} ${c.req.path}: the token ${quote(caller.name)} has the role ${caller.roles.join(" and ")}, and this needs ${needed.join(" or ")}`;
    return problem(c, "forbidden", message);
  };
}
