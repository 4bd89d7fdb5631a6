/** URLs of PostgreSQL databases: what is wrong with one, and what of it may be shown. */

import { parametersFault } from "./url-parameters.ts";

const SCHEMES = /^postgres(?:ql)?:\/\//i;

/** So that a URL of another kind, or with a slash too few, is refused as one: it is no path, and may hold a password. */
const MEANT = /^\s*(?:postgres(?:ql)?:|(?!file:)[a-z][\w+.-]+:\/\/)/i;

/** True for text that names a PostgreSQL database instead of a file. */
export function isDatabaseUrl(text: string): boolean {
  return MEANT.test(text);
}

/** `new URL` refuses PostgreSQL's URLs without a host. */
const SHAPE =
  /^[^:]+:\/\/(?:([^@/?#:\s]*)(?::([^@/?#:\s]*))?@)?(\[[\da-f:.]+\]|[^/?#@:[\]\s]*)(?::([^/?#@\s]*))?(?:\/([^/?#@:\s]*))?(?:\?([^#\s]*))?$/i;

const DEFAULT_PORT = 5432;

interface Parts {
  readonly user: string;
  readonly password: string | null;
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly parameters: URLSearchParams;
}

function partsOf(url: string): Parts | null {
  const found = SHAPE.exec(url);
  if (found === null) return null;
  const [, user = "", password = null, host = "", port = "", database = "", query = ""] = found;
  const parameters = new URLSearchParams(query);
  return {
    user: decoded(user),
    password,
    host: decoded(parameters.get("host") ?? host) || "localhost",
    port: parameters.get("port") ?? port,
    database: decoded(database) || decoded(user),
    parameters,
  };
}

export interface DatabasePlace {
  readonly port: number;
  readonly database: string;
  /** null: the URL names none. */
  readonly user: string | null;
}

/**
 * The port, the database and the user that a URL names. The driver must be told: PGDATABASE would otherwise come before the URL, and
 * PGPORT where it names none, so that tasks would go where nobody looks for them.
 */
export function databasePlace(url: string): DatabasePlace {
  const parts = partsOf(url);
  const { port = "", database = "", user = "" } = parts ?? {};
  return { port: Number(port || DEFAULT_PORT), database, user: decoded(user) || null };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Where the server is reached by TCP; null: by a socket in a folder. */
export function databaseAddress(
  url: string,
): { readonly host: string; readonly port: number } | null {
  const parts = partsOf(url);
  if (parts === null || parts.host.startsWith("/")) return null;
  return { host: parts.host.replaceAll(/[[\]]/g, ""), port: Number(parts.port || DEFAULT_PORT) };
}

/** The name of a database for people: its host and its name, never a user's password. */
export function databaseName(url: string): string {
  const parts = partsOf(url);
  if (parts === null) return "postgresql://…";
  return `postgresql://${parts.host}${parts.port && `:${parts.port}`}/${parts.database}`;
}

/** The parameters that hold secrets. */
const SECRETS = /^(?:password|sslpassword)$/i;

/** A URL for people to read: without its passwords. */
export function shownDatabaseUrl(url: string): string {
  if (partsOf(url) === null) return "postgresql://…";
  const [address = "", query] = url.split("?", 2);
  const shown = address.replace(/^([^:]+:\/\/[^@/:]*):[^@/]*@/, "$1@");
  if (query === undefined) return shown;
  const rest = query.split("&").filter((one) => !SECRETS.test(one.split("=", 1)[0] ?? ""));
  return rest.length === 0 ? shown : `${shown}?${rest.join("&")}`;
}

const ESCAPES =
  "write signs such as @ / : ? # % in a user, password or database as %40 %2F %3A %3F %23 %25";

/** Says what is wrong with a URL, without a word of it that may be secret; null: nothing is. */
export function databaseUrlFault(url: string): string | null {
  if (!SCHEMES.test(url)) return "it must begin with postgresql://";
  if (/\s/.test(url))
    return "it has a space or a line break; write a space that belongs to it as %20";
  const parts = partsOf(url);
  if (/^[^?#]*,/.test(url) || parts?.host.includes(",")) {
    return "it names several hosts, and tq connects to one: name an address that leads to the primary, also after a failover, such as a proxy's or one in DNS";
  }
  if (parts === null) return `it must be postgresql://USER@HOST/DATABASE; ${ESCAPES}`;
  if (/%(?![\da-f]{2})/i.test(url)) return `it has a % that begins no escape; ${ESCAPES}`;
  if (url.includes("%00")) return "it has a %00, a NUL, which nothing on a server is named by";
  const { port, database, parameters } = parts;
  if (port !== "" && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) {
    return "its port must be a number from 1 to 65535";
  }
  if (database === "") return "it names no database: write postgresql://USER@HOST/DATABASE";
  return parametersFault(parameters);
}
