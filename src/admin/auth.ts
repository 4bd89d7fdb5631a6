/** Lets programs that know the token call the admin API, and no foreign page in a browser. */
import { hostname } from "node:os";
import type { MiddlewareHandler } from "hono";
import { TqError } from "../errors.ts";
import { isAddress, isLoopback, plainHost } from "./address.ts";
import { problem } from "./problem.ts";

/** Answers 401 to a request without the token. It compares digests, so that neither text nor length leaks. */
export function requireToken(token: string): MiddlewareHandler {
  const expected = digest(token);
  return async (c, next) => {
    const given = /^bearer +(\S+)$/i.exec(c.req.header("authorization")?.trim() ?? "")?.[1];
    if (given === undefined) {
      throw new TqError(
        "unauthorized",
        "Unauthorized: the request has no token; send the header `Authorization: Bearer TOKEN`, where TOKEN is the text in tq.token",
      );
    }
    if (!crypto.timingSafeEqual(digest(given), expected)) {
      throw new TqError(
        "unauthorized",
        "Unauthorized: the token is not the one in tq.token beside the database",
      );
    }
    await next();
  };
}

function digest(text: string): Uint8Array {
  return new Bun.CryptoHasher("sha256").update(text).digest();
}

/**
 * Answers 403 to requests that a foreign web page can make a browser send: to a name that was made to point here
 * (DNS rebinding), and from another origin.
 *
 * @param listening the host that the server listens on
 */
export function requireOwnHost(listening: string): MiddlewareHandler {
  const own = plainHost(listening);
  return async (c, next) => {
    const host = c.req.header("host") ?? new URL(c.req.url).host;
    if (!isOwnHost(host, own)) {
      const message = `Cannot answer for the host ${JSON.stringify(host)}: this is not its server; use the address that tq printed when it started`;
      return problem(c, "forbidden", message);
    }
    const origin = c.req.header("origin");
    if (origin !== undefined && hostOf(origin) !== hostOf(`http://${host}`)) {
      const message = `Cannot answer a page of ${JSON.stringify(origin)}: only pages of this server may call it`;
      return problem(c, "forbidden", message);
    }
    return next();
  };
}

/** A server that listens on every address is known by each of them; a name that others control is never its own. */
function isOwnHost(host: string, own: string): boolean {
  const name = plainHost(URL.parse(`http://${host}`)?.hostname ?? "");
  if (name === own || isLoopback(name)) return true;
  const isEverywhere = own === "0.0.0.0" || own === "::";
  return isEverywhere && (isAddress(name) || name === hostname().toLowerCase());
}

function hostOf(origin: string): string | undefined {
  return URL.parse(origin)?.host;
}
