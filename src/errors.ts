/** Errors that tq throws on purpose. Any other error is a bug, or the user's own. */

export const ERROR_CODES = [
  /** A value, flag, setting or argument is wrong. */
  "invalid",
  /** The task, model, method, program or database does not exist. */
  "not_found",
  /** The thing exists, but its state does not allow this now. */
  "conflict",
  /** Another program holds the database for longer than `database.timeout`, or another transaction of this one does. */
  "busy",
  /** The database cannot be used: not SQLite, from a newer tq, read-only, damaged, replaced. */
  "database",
  /** The models cannot be loaded, or their files were changed under a running worker. */
  "models",
  /** The request to the admin API has no valid token, or comes from a web page or host that may not send it. */
  "unauthorized",
  /** The queue or the disk is full: the push is refused. */
  "full",
  /** The commit was made or tried, and the disk did not confirm it: what it stored may be there, or be lost later. */
  "uncertain",
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
  uncertain: 10,
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
  uncertain: 500,
} as const satisfies Record<ErrorCode, number>;

/**
 * Makes `instanceof` true for errors of this class from any copy of tq in the process: a compiled program may carry two,
 * and an error of the one reaches code that has imported the class of the other. Call it in a static block.
 *
 * @param type its own `instanceof` alone changes, not that of classes that extend it.
 */
export function isOneInAllCopies(type: abstract new (...args: never) => Error, name: string): void {
  const mark = Symbol.for(`tq.${name}`);
  Object.defineProperty(type.prototype, mark, { value: true });
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this !== type) return Function.prototype[Symbol.hasInstance].call(this as never, value);
      try {
        return typeof value === "object" && value !== null && mark in value;
      } catch {
        return false; // user code may throw a proxy that throws in turn
      }
    },
  });
}

interface TqErrorOptions extends ErrorOptions {
  /** The task that is in the way. */
  readonly task?: { readonly id: number; readonly state: string };
}

/**
 * A refusal with a sentence: what is wrong, where, and what to do.
 *
 * @example throw new TqError("conflict", "Cannot retry task 42: it is running; cancel it first")
 */
export class TqError extends Error {
  static {
    isOneInAllCopies(TqError, "TqError");
  }

  readonly code: ErrorCode;
  /** The task that is in the way: the one that has the ref of a refused push. */
  declare readonly task?: { readonly id: number; readonly state: string };

  constructor(code: ErrorCode, message: string, options?: TqErrorOptions) {
    super(message, options);
    this.name = "TqError";
    this.code = code;
    if (options?.task) this.task = options.task;
  }
}

/** The error of a task that is not there. @param action such as `show task 7` */
export function noSuchTask(action: string): TqError {
  const why = "there is no such task; it may have been cleaned";
  return new TqError("not_found", `Cannot ${action}: ${why}`);
}

/**
 * An error whose message is for a person to read, as `trytond.exceptions.UserError`. A task that throws it fails.
 */
export class UserError extends Error {
  static {
    isOneInAllCopies(UserError, "UserError");
  }

  /** More about it; it follows the message in the log and in the task's reason, as in Tryton. */
  declare readonly description?: string;

  constructor(message: string, description: string | ErrorOptions = "", options?: ErrorOptions) {
    super(message, typeof description === "string" ? options : description);
    this.name = "UserError";
    if (typeof description === "string" && description !== "") this.description = description;
  }
}

/** A question to a person, as `trytond.exceptions.UserWarning`. A task that throws it fails, as with UserError. */
export class UserWarning extends UserError {
  static {
    isOneInAllCopies(UserWarning, "UserWarning");
  }

  /** The name under which Tryton keeps a person's answer. */
  readonly warning: string;

  /** The arguments of Tryton's: the message is the second. */
  constructor(warning: string, message: string, description = "", options?: ErrorOptions) {
    super(message, description, options);
    this.name = "UserWarning";
    this.warning = warning;
  }
}

/** The message of what was thrown, which need not be an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True for a TqError of any copy of tq in the process (a compiled program may bundle two). */
export function isTqError(error: unknown): error is TqError {
  try {
    return error instanceof Error && error.name === "TqError" && "code" in error;
  } catch {
    return false; // user code may throw a proxy or a getter that throws in turn
  }
}

/** The mark of a registered symbol holds for every copy of tq in the process. */
const OPERATIONAL = Symbol.for("tq.operational");

/** An error may carry others as its cause this deep: an ORM wraps the driver's error. */
const MOST_CAUSES = 8;

/** Marks an error of the store's own database: it is full, locked, read-only, damaged or its disk fails. */
export function markOperational<E extends Error>(error: E): E {
  return Object.defineProperty(error, OPERATIONAL, { value: true });
}

const CONTENTION = Symbol.for("tq.contention");

/** Marks an error of a transaction that met another one, on a database where several write: their rows were the same. */
export function markContention<E extends Error>(error: E): E {
  return Object.defineProperty(error, CONTENTION, { value: true });
}

export function isContention(error: unknown): boolean {
  return error instanceof Error && CONTENTION in error;
}

/** True for an error of the store's own database, and for one that it has caused: another try may help. */
export function isOperational(error: unknown): boolean {
  try {
    let cause = error;
    for (let depth = 0; depth < MOST_CAUSES && cause instanceof Error; depth++) {
      if (OPERATIONAL in cause) return true;
      ({ cause } = cause);
    }
    return false;
  } catch {
    return false; // user code may throw a proxy or a getter that throws in turn
  }
}
