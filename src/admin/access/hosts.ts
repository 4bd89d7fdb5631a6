/** Keeps foreign pages in a browser from the server, whatever they know. */
import { hostname } from "node:os";
import type { Context, MiddlewareHandler } from "hono";
import { isAddress, isLoopback, plainHost } from "./address.ts";
import { problem } from "../problem.ts";

/**
 * Answers 403 to requests that a foreign web page can make a browser send: to a name that was made to point here
 * (DNS rebinding), and from another origin or site.
 *
 * @param listening the host that the server listens on; null: a socket file, for any host
 * @param names other names of it: the setting `admin.hosts`
 */
export function requireOwnHost(
  listening: string | null = "localhost",
  names: readonly string[] = [],
): MiddlewareHandler {
  const own = listening && plainHost(listening);
  const others = names.map((name) => plainHost(name));
  let letIn: string | undefined; // most requests name the same host
  return async (c, next) => {
    const host = c.req.header("host") ?? new URL(c.req.url).host;
    const isOwn = own === null || host === letIn || isOwnHost(host, own);
    if (!isOwn && !others.includes(nameOf(host))) {
      const message = `Cannot answer for the host ${JSON.stringify(host)}: this is not its server; use the address that tq printed when it started, or put the name into admin.hosts`;
      return problem(c, "forbidden", message);
    }
    letIn = host;
    const origin = c.req.header("origin");
    if (origin !== undefined && hostOf(origin) !== hostOf(`http://${host}`)) {
      const message = `Cannot answer a page of ${JSON.stringify(origin)}: only pages of this server may call it`;
      return problem(c, "forbidden", message);
    }
    const site = c.req.header("sec-fetch-site") ?? "none";
    if (site !== "none" && site !== "same-origin" && !isNavigation(c)) {
      // Another port of this host is the same site: cookies go there.
      const message = "Cannot answer a page of another site: only pages of this server may call it";
      return problem(c, "forbidden", message);
    }
    return next();
  };
}

/** A link on another site may lead here: it shows a page, and changes nothing. */
function isNavigation(c: Context): boolean {
  const isPage = c.req.header("sec-fetch-mode") === "navigate";
  return isPage && c.req.method === "GET" && c.req.header("sec-fetch-dest") === "document";
}

/** "" for more than a name and a port: a URL would take `evil@localhost` for localhost. */
function nameOf(host: string): string {
  if (/[/\\?#@\s]/.test(host)) return "";
  return plainHost(URL.parse(`http://${host}`)?.hostname ?? "");
}

/** A server that listens on every address is known by each of them; a name that others control is never its own. */
function isOwnHost(host: string, own: string): boolean {
  const name = nameOf(host);
  if (name === own || isLoopback(name)) return true;
  const isEverywhere = own === "0.0.0.0" || own === "::";
  return isEverywhere && (isAddress(name) || name === hostname().toLowerCase());
}

function hostOf(origin: string): string | undefined {
  return URL.parse(origin)?.host;
}
