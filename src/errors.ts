/** Errors that tq throws on purpose. Any other error is a bug, or the user's own. */

export const ERROR_CODES = [
  /** A value, flag, setting or argument is wrong. */
  "invalid",
  /** The task, model, method, program or database does not exist. */
  "not_found",
  /** The thing exists, but its state does not allow the move. */
  "conflict",
  /** Another program, or another transaction of this one, holds the database for longer than `database.timeout`. */
  "busy",
  /** The database cannot be used: not SQLite, from a newer tq, read-only, damaged, replaced. */
  "database",
  /** The models file cannot be loaded. */
  "models",
  /** The request to the admin API has no valid token, or comes from a web page or host that may not send it. */
  "unauthorized",
  /** The queue or the disk is full: the push is refused. */
  "full",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Exit status of the command line for each code; docs/commands.md has the whole table. */
export const EXIT_CODES: Record<ErrorCode, number> = {
  invalid: 2,
  not_found: 3,
  conflict: 4,
  busy: 5,
  database: 6,
  models: 7,
  unauthorized: 8,
  full: 9,
};

/** HTTP status of the admin API for each code. */
export const HTTP_STATUS = {
  invalid: 422,
  not_found: 404,
  conflict: 409,
  busy: 503,
  database: 500,
  models: 500,
  unauthorized: 401,
  full: 507,
} as const satisfies Record<ErrorCode, number>;

/**
 * A refusal with a sentence: what is wrong, where, and what to do.
 *
 * @example throw new TqError("conflict", "Cannot retry task 42: it is running; cancel it first")
 */
export class TqError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TqError";
    this.code = code;
  }
}

/**
 * An error whose message is for a person to read, as `trytond.exceptions.UserError`. A task that throws it fails.
 */
export class UserError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UserError";
  }
}

/** A question to a person, as `trytond.exceptions.UserWarning`. A task that throws it fails, as with UserError. */
export class UserWarning extends UserError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UserWarning";
  }
}

/** True for a TqError of any copy of tq in the process (a compiled program may bundle two). */
export function isTqError(error: unknown): error is TqError {
  try {
    return error instanceof Error && error.name === "TqError" && "code" in error;
  } catch {
    return false; // user code may throw a proxy or a getter that throws in turn
  }
}
