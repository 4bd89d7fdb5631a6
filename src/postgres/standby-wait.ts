/**
 * Commits that wait for a synchronous standby which does not answer. No timeout of the server ends that wait: `lock_timeout`
 * is about locks, and `statement_timeout` is over by then. So another connection looks whether a commit that takes long
 * waits for that, and its caller is told. The answer is still to come: until then nobody knows what is stored for good.
 */
import { clearTimeout, setTimeout } from "../clock.ts";
import { markOperational, TqError } from "../errors.ts";

/** The wait of a session whose commit is on the server's own disk already. */
export const STANDBY_WAIT = "SyncRep";

export const STANDBY_REASON =
  "commits wait for a synchronous standby that does not answer; bring it back, or take it out of synchronous_standby_names";

const errors = new WeakSet<object>();

/** The error of what was not done, as something else waits for the standby. */
export function standbyError(name: string): TqError {
  return markOperational(new TqError("busy", `Cannot write to ${name}: ${STANDBY_REASON}`));
}

/** Where the connection's own number is not known, one of its program counts for it. */
const THIS_WAITS = `
  SELECT FROM pg_stat_activity
   WHERE wait_event = '${STANDBY_WAIT}' AND (pid = $1::integer OR $1::integer IS NULL AND application_name = $2)
   LIMIT 1`;

const ANY_WAITS = `
  SELECT FROM pg_stat_activity
   WHERE wait_event = '${STANDBY_WAIT}' AND datname = current_database()
     AND clock_timestamp() - query_start > interval '500 milliseconds'
   LIMIT 1`;

/** True for the error of a commit that waits for a standby: nobody knows yet whether it is kept. */
export function isStandbyError(error: unknown): boolean {
  return typeof error === "object" && error !== null && errors.has(error);
}

export interface StandbyWaitOptions {
  /** How the server is named in errors. */
  readonly name: string;
  /** The ms after which a commit takes long. */
  readonly timeout: number;
  /** The name of the program, as the server lists it. */
  readonly application: string;
  /** Asks the server on another connection. @returns whether there is a row */
  readonly ask: (text: string, values: readonly (string | number | null)[]) => Promise<boolean>;
  /** The connection's number on the server; null: not known. */
  readonly pid: () => number | null;
  /** Called once it does. */
  readonly onStuck: () => void;
}

export class StandbyWait {
  readonly #options: StandbyWaitOptions;
  /** Commits without an answer, and what gives them up. */
  readonly #owed = new Map<Promise<unknown>, (error: TqError) => void>();
  #error: TqError | null = null;
  /** Settles once all that was given up is answered. */
  #answered: Promise<unknown> = Promise.resolve();
  #timer: Timer | null = null;

  constructor(options: StandbyWaitOptions) {
    this.#options = options;
  }

  /** Why nothing more can be sent: commits were given up; null: none was. */
  get error(): TqError | null {
    return this.#error;
  }

  /** Resolves once the server has answered all that was given up, or has ended the connection. */
  get answered(): Promise<unknown> {
    return this.#answered;
  }

  /** Settles with the answer of a statement that commits. @throws TqError "busy" where that waits for a standby */
  async watch<T>(statement: PromiseLike<T>): Promise<T> {
    const answer = Promise.resolve(statement);
    const { promise: given, reject } = Promise.withResolvers<never>();
    this.#owed.set(answer, reject);
    this.#timer ??= this.#lookLater();
    try {
      return await Promise.race([answer, given]);
    } finally {
      this.#owed.delete(answer);
      if (this.#owed.size === 0) this.close();
    }
  }

  #lookLater(): Timer {
    return setTimeout(() => void this.#look(), this.#options.timeout).unref();
  }

  async #look(): Promise<void> {
    const asked = [...this.#owed.keys()];
    const { pid, application } = this.#options;
    const isStuck = await this.#ask(THIS_WAITS, [pid(), application]);
    // An answer that came meanwhile was that of the commit which was seen to wait.
    const isOwed = asked.length > 0 && asked.every((answer) => this.#owed.has(answer));
    if (isStuck && isOwed) this.#giveUp();
    else this.#timer = this.#owed.size > 0 ? this.#lookLater() : null;
  }

  /** False too for a server that does not answer: it is not known to wait. */
  #ask(text: string, values: readonly (string | number | null)[]): Promise<boolean> {
    return this.#options.ask(text, values).catch(() => false);
  }

  /** Why another transaction has kept a lock for so long; null: not for a standby. */
  async reasonOf(waited: number): Promise<TqError | null> {
    const { name, timeout } = this.#options;
    return waited >= timeout && (await this.#ask(ANY_WAITS, [])) ? standbyError(name) : null;
  }

  #giveUp(): void {
    const error = (this.#error = standbyError(this.#options.name));
    errors.add(error);
    this.#answered = Promise.allSettled(this.#owed.keys());
    this.#options.onStuck();
    for (const reject of this.#owed.values()) reject(error);
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
