/** Turns PostgreSQL's errors into sentences. Their codes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
import { SQL } from "bun";
import { isTqError, markContention, markOperational, TqError, type ErrorCode } from "../errors.ts";
import { grantWords, OWN_RIGHTS } from "./missing-rights.ts";
import { type DriverError, moreExactly, READ_ONLY, sqlState } from "./server-error.ts";
import { isStandbyError, STANDBY_REASON } from "./standby-wait.ts";

type Sentence = readonly [
  code: RegExp,
  kind: ErrorCode,
  words: (name: string, message: string, text: string) => string,
];

/** Older servers are out of support, and lack what the statements use. */
export const OLDEST = 13;

const LOST = "the connection to the server was lost";

/** The SQLSTATEs, and the driver's codes, of a connection that is gone. */
const LOST_STATE = /^(57P0[1-5]|25P0[34]|08...)$/;
const LOST_CODE = /CONNECTION|LIFETIME|IDLE/;

function refused(name: string, message: string): string {
  return message.endsWith("no encryption")
    ? `Cannot connect to ${name}: the server takes no such connection without TLS (${message}); add ?sslmode=require to database.url`
    : `Cannot connect to ${name}: the server refuses the user or its password (${message}); set PGPASSWORD, or the user in database.url`;
}

export function readOnlyWords(name: string): string {
  return `Cannot write to ${name}: the server is read-only; name the primary in database.url if it is a standby, else see default_transaction_read_only of the server, the database and the role`;
}

/** The words for one that is not known. */
export const ANOTHER = "another transaction has a row or table that this one needs";
export const END_IT = "end it";

/** True for the text of a statement that locks no row, and is not the user's own. */
function onlyReads(text: string): boolean {
  return (
    /^\s*(SELECT|WITH)\b/.test(text) && !/\b(INSERT|UPDATE|DELETE|SHARE|\w+_lock)\b/.test(text)
  );
}

/** The codes of the driver, and those of certificates: https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error */
const TLS =
  /TLS|SSL|^UNABLE_TO_|^(?:CERT|CRL|HOSTNAME|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH)_|SELF_SIGNED/;

/** The first one whose pattern fits counts. */
const SENTENCES: readonly Sentence[] = [
  [/^TQ001$/, "conflict", () => "Cannot commit: one of its tasks has lost its claim"],
  [
    /^25P02$/,
    "conflict",
    () => "Cannot go on: an error of the database has ended this transaction before",
  ],
  [
    /^(40P01|55P03|40001)$/,
    "busy",
    (name, message, text) =>
      `Cannot ${onlyReads(text) ? "read" : "write to"} ${name}: ${ANOTHER} (${message}); ${END_IT}, or raise database.timeout`,
  ],
  [
    /^53300$/,
    "busy",
    (name, message) =>
      `Cannot connect to ${name}: the server has no connection left (${message}); raise its max_connections, or the connection limit of the role or database, or let fewer programs and threads connect`,
  ],
  [
    /^(53100|53200)$/,
    "full",
    (name, message) =>
      `Cannot write to ${name}: the server's disk or memory is full (${message}); make room there, and tasks go on`,
  ],
  [/^28...$/, "database", refused],
  [
    /^3D000$/,
    "database",
    (name, message) => `Cannot connect to ${name}: ${message}; make it with createdb`,
  ],
  [/^TQ002$/, "database", (name, message) => `Cannot use ${name}: ${message}`],
  [
    /^42501$/,
    "database",
    (name, message) => `Cannot use ${name}: ${message}; ${grantWords(message)}`,
  ],
  [/^25006$/, "database", readOnlyWords],
  [
    /^3F000$/,
    "database",
    (name, message) =>
      `Cannot use ${name}: ${message}; let the search_path of its user name a schema that is there, for the tables of models`,
  ],
  [
    /^TQ003$/,
    "busy",
    (name) =>
      `Cannot go on with ${name}: a column has another type than when its statement was first sent; it is prepared anew`,
  ],
  [/^22021$/, "invalid", () => "Cannot store text with a NUL character: PostgreSQL takes none"],
  [
    /^08P01$/,
    "database",
    (name, message) =>
      `Cannot use ${name}: a pooler is between, which refuses what tq asks of a connection (${message}); connect to the server itself`,
  ],
  [
    /^(42P05|26000)$/,
    "database",
    (name) =>
      `Cannot use ${name}: a pooler in transaction mode is between, which mixes the prepared statements of programs; add ?prepare=false to database.url of a program that only pushes, and connect a worker to the server itself`,
  ],
  [
    /^57014$/,
    "busy",
    (name, message) =>
      `Cannot finish a statement on ${name}: the server ended it (${message}); raise the statement_timeout of its user or database, or end what it waits for`,
  ],
  [LOST_STATE, "busy", (name, message) => `Cannot reach ${name}: ${LOST} (${message})`],
];

/** The driver's own codes: the server was not reached, or does not answer any more. */
const DRIVER_SENTENCES: readonly Sentence[] = [
  [
    TLS,
    "database",
    (name, message) =>
      `Cannot connect to ${name}: TLS failed (${message}); see sslmode and sslrootcert in database.url`,
  ],
  [
    /^ERR_INVALID_ARG_TYPE$/,
    "database",
    (name, message) =>
      `Cannot connect to ${name}: a file that database.url names for TLS cannot be read (${message}); mend sslrootcert, sslcert or sslkey there`,
  ],
  [/AUTHENTICATION|PASSWORD|SASL/, "database", refused],
  [
    /REFUSED|ENOENT|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|CONNECTION_TIMEOUT/,
    "busy",
    (name, message) =>
      `Cannot reach ${name}: no server answers there (${message}); is it up, and are host and port those of database.url?`,
  ],
  [LOST_CODE, "busy", (name, message) => `Cannot reach ${name}: ${LOST} (${message})`],
];

/** Turns an error of PostgreSQL or its driver that has a sentence here into a TqError; returns any other as it is. */
export function translate(error: unknown, name: string, text = ""): unknown {
  if (isTqError(error) || !(error instanceof Error)) return error;
  const state = sqlState(error);
  const { code = "" } = error as DriverError;
  const found =
    state === null
      ? DRIVER_SENTENCES.find(([pattern]) => isFromDriver(error, code) && pattern.test(code))
      : SENTENCES.find(([pattern]) => pattern.test(moreExactly(error) ?? state));
  if (!found) return error;
  const [, kind, words] = found;
  const translated = new TqError(kind, words(name, error.message, text), { cause: error });
  if (state !== null && OF_ITS_OWN.test(state)) return translated;
  if (state !== null && MET_ANOTHER.test(state)) markContention(translated);
  return kind === "conflict" || kind === "invalid" ? translated : markOperational(translated);
}

/**
 * These come again however often a task runs: it lacks a right, as to another role's table, or a statement of its own
 * takes too long. What the task has done outside must not be done again without end.
 */
const OF_ITS_OWN = /^(42501|57014)$/;

/** Another transaction held a row, or changed it: a claim that was lost is one of these. */
const MET_ANOTHER = /^(TQ001|40P01|55P03|40001)$/;

function isFromDriver(error: Error, code: string): boolean {
  if (code === "ERR_INVALID_ARG_TYPE") return /^Unable to access \w+File path/.test(error.message);
  return error instanceof SQL.SQLError || TLS.test(code) || /^(ECONN|ENO|ETIME|EHOST)/.test(code);
}

/** True for the error of a connection that TLS has refused. */
export function isOfTls(error: unknown): error is Error {
  return (
    error instanceof Error &&
    sqlState(error) === null &&
    TLS.test((error as DriverError).code ?? "")
  );
}

export function isLockTimeout(error: unknown): boolean {
  return sqlState(error) === "55P03";
}

/** The error of a server that is too old, or is another one that speaks alike. */
export function foreignServerError(cause: Error, name: string): TqError {
  return new TqError(
    "database",
    `Cannot use ${name}: its server refuses a setting of the connection (${cause.message}); it must be PostgreSQL ${OLDEST} or newer`,
    { cause },
  );
}

/** A column, table, function or value that the schema has otherwise. */
const OTHER_SCHEMA = /^(42703|42P01|42883|42804|42P10|23502)$/;

/** As `translate`, for a statement of tq's own, which fits the schema that it knows. */
export function translateOwn(error: unknown, name: string, text: string): unknown {
  const { message } = error as Error;
  if (sqlState(error) === "42501") {
    const sentence = `Cannot use ${name}: ${message}; ${OWN_RIGHTS}`;
    return new TqError("database", sentence, { cause: error });
  }
  const isOther = OTHER_SCHEMA.test(sqlState(error) ?? "") && moreExactly(error) !== READ_ONLY;
  if (!isOther) return translate(error, name, text);
  return new TqError(
    "database",
    `Cannot use ${name}: its schema tq is not the one that this tq knows (${message}); use the tq that all others have, and see tq doctor`,
    { cause: error },
  );
}

/** True where the connection is gone: what was sent on it may have been done or not. */
export function isLost(given: unknown): boolean {
  if (isStandbyError(given)) return true;
  const error = isTqError(given) ? given.cause : given;
  const state = sqlState(error);
  if (state !== null) return LOST_STATE.test(state);
  const code = (error as DriverError | null)?.code ?? "";
  return error instanceof SQL.SQLError && LOST_CODE.test(code);
}

/** True where no server answers there now, or it starts or stops: it may be back soon. */
export function isAway(given: unknown): boolean {
  const error = isTqError(given) ? given.cause : given;
  const state = sqlState(error);
  if (state !== null) return /^57P0[123]$/.test(state);
  const code = (error as DriverError | null)?.code ?? "";
  return error instanceof SQL.SQLError && /CONNECTION_(REFUSED|CLOSED|FAILED)/.test(code);
}

/** The error of a commit whose answer was lost. */
export function uncertainError(name: string, cause: unknown): TqError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const reason = isStandbyError(cause) ? STANDBY_REASON : message;
  return markOperational(
    new TqError(
      "uncertain",
      `Cannot say whether the change is stored: ${name} did not confirm its commit (${reason}). Look before you try again`,
      { cause },
    ),
  );
}

export function noTransactionError(): TqError {
  return new TqError("conflict", "Cannot go on: the transaction has ended");
}

/** @param cause the error of the user's own SQL; null: it was no such error. */
export function undoneError(cause: unknown): TqError {
  const words = cause instanceof Error ? ` (${cause.message})` : "";
  return new TqError(
    "database",
    `Cannot commit: an error of its SQL has undone the transaction before${words}; let it end the transaction, or go back to a savepoint`,
    { cause },
  );
}

/** The error of a statement that commits, where its answer was lost. */
export function lostIsUncertain(error: unknown, name: string): unknown {
  return isLost(error) ? uncertainError(name, error) : error;
}
