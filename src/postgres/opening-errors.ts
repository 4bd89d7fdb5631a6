/** The errors of connections that do not open: then the server may refuse what the URL asks of it, or the database itself. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { within } from "../clock.ts";
import { isTqError, markOperational, TqError, type ErrorCode } from "../errors.ts";
import { databaseAddress } from "../values/database-url.ts";
import { isAway, isOfTls, translate } from "./errors.ts";
import { routineOf, sqlState } from "./server-error.ts";
import { shownCertificate } from "./shown-certificate.ts";

interface Opening {
  readonly url: string;
  /** How the server is named in errors: without a password. */
  readonly name: string;
}

/** The longest time to ask whether the name of the host is known. */
const LOOKUP_MS = 1_000;

/** The error of a connection that was not opened, as a sentence that says what to do. */
export async function openingError(error: unknown, { url, name }: Opening): Promise<unknown> {
  const state = sqlState(error);
  if (state !== null) return ofServer(error as Error, state, name);
  if (isOfTls(error)) {
    const shown = await shownCertificate(url);
    if (shown !== null) error.message += `; ${shown}`;
  }
  return (isAway(error) ? await ofHost(error, url, name) : null) ?? translate(error, name);
}

/** A host of a name that no resolver knows; null: it is known, or cannot be asked for soon. */
async function ofHost(cause: unknown, url: string, name: string): Promise<TqError | null> {
  const { host = "" } = databaseAddress(url) ?? {};
  if (host === "" || isIP(host) !== 0) return null;
  const fault = await lookupFault(host);
  if (fault === null) return null;
  const words = `Cannot reach ${name}: the name of its host is not known (${fault}); is the host that of database.url, and does DNS answer?`;
  return markOperational(new TqError("busy", words, { cause }));
}

function lookupFault(host: string): Promise<string | null> {
  const fault = lookup(host).then(
    () => null,
    (error: unknown) => (error as Error).message,
  );
  return within(fault, LOOKUP_MS);
}

/** The function of the server that refuses a database as a whole: its name does not depend on the server's language. */
const REFUSES_DATABASE = "CheckMyDatabase";

function ofServer(error: Error, state: string, name: string): unknown {
  const { message } = error;
  const say = (kind: ErrorCode, words: string): TqError =>
    markOperational(new TqError(kind, words, { cause: error }));
  if (state === "55000") {
    const rest =
      "name the one that has taken over, or have its owner allow them again: ALTER DATABASE … ALLOW_CONNECTIONS true";
    return say("busy", `Cannot connect to ${name}: ${message}; ${rest}`);
  }
  if (state === "42501" && routineOf(error) === REFUSES_DATABASE) {
    const rest = "let its owner GRANT CONNECT ON DATABASE … TO the role";
    return say("database", `Cannot connect to ${name}: ${message}; ${rest}`);
  }
  if (/^(42704|42601|42501|22023|55P02)$/.test(state)) {
    return new TqError(
      "database",
      `Cannot use ${name}: ${message}; mend the options in database.url, or in PGOPTIONS`,
      { cause: error },
    );
  }
  const translated = translate(error, name);
  return isTqError(translated)
    ? translated
    : say("database", `Cannot connect to ${name}: ${message}`);
}
