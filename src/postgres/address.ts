/** The address of a PostgreSQL server, as a URL: what of it may be shown. */
import { TqError } from "../errors.ts";

const SCHEMES = /^postgres(?:ql)?:\/\//i;

/** True for text that names a PostgreSQL database instead of a file. */
export function isPostgresUrl(text: string): boolean {
  return SCHEMES.test(text);
}

/** The parts of a URL. PostgreSQL's own may lack a host, which `new URL` refuses. */
interface Parts {
  readonly user: string | null;
  readonly hasPassword: boolean;
  readonly host: string;
  readonly database: string | null;
}

const SHAPE = /^[^:]+:\/\/(?:([^@/?#:]*)(:[^@/?#]*)?@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;

function partsOf(url: string): Parts {
  const [, user, password, address = "", path, query = ""] = SHAPE.exec(url) ?? [];
  const parameters = new URLSearchParams(query);
  const folder = parameters.get("host");
  const port = parameters.get("port");
  const host = folder === null ? address || "localhost" : `${folder}${port ? `:${port}` : ""}`;
  return {
    user: decoded(user) || null,
    hasPassword: password !== undefined,
    host,
    database: decoded(path) || decoded(user) || null,
  };
}

function decoded(part: string | undefined): string | null {
  if (part === undefined) return null;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The name of the database for people: host and database, never a user's password. */
export function nameOf(url: string): string {
  const { host, database } = partsOf(url);
  return `postgresql://${host}/${database ?? ""}`;
}

/** @throws TqError "invalid" for a URL that names no database of a server. */
export function checkUrl(url: string): void {
  if (!isPostgresUrl(url)) {
    throw new TqError("invalid", "Cannot use database.url: it must begin with postgresql://");
  }
  if (!SHAPE.test(url)) {
    throw new TqError(
      "invalid",
      "Cannot use database.url: it must be postgresql://USER@HOST/DATABASE; write signs such as @ / : ? # in a name or password as %40 %2F %3A %3F %23",
    );
  }
}
