/**
 * Tells idle workers of commits. A NOTIFY inside a transaction makes all transactions commit one at a time, so tq sends it
 * after the commit: right behind it on the same connection, or on one that is not in use. Commits that come while one is
 * sent share the next. Where a NOTIFY is lost, the next look of a worker finds what was pushed.
 */
import { sleepUnless, within } from "../clock.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";

export const CHANNEL = "tq";

/** The payload of a notification that tells of another version of the schema. */
export const SCHEMA_CHANGED = "schema";

export const NOTIFY = `SELECT pg_notify('${CHANNEL}', '')`;

/**
 * Sent after the commit, so that a worker that becomes idle later finds what was pushed when it looks. It waits for no
 * flush of the server's disk: the next statement on the connection would wait too. With a value it is a statement that the
 * server keeps prepared.
 */
const NOTIFY_IDLE = `
  SELECT pg_notify($1, ''), set_config('synchronous_commit', 'off', true) FROM tq.worker WHERE idle LIMIT 1`;

/** Where no worker was idle, the next commits do not ask again for this many ms. Nor do they wait longer for an answer. */
const PAUSE_MS = 20;

/** @returns false where no worker was idle */
async function notifyIdle(db: Connection): Promise<boolean> {
  return (await db.get(NOTIFY_IDLE, [CHANNEL])) !== null;
}

export class Notifier {
  readonly #connections: Connections;
  /** The notifications whose answers are not there yet. */
  readonly #sent = new Set<Promise<boolean>>();
  #running: Promise<void> | null = null;
  #isAgain = false;
  readonly #closing = new AbortController();

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  committed(): void {
    if (this.#running) this.#isAgain = true;
    else this.#start(this.#alongside());
  }

  /**
   * Tells of the statement that was sent last on this connection, and commits, right behind it.
   *
   * @returns false where `committed` is to be called once it is answered
   */
  committing(db: Connection): boolean {
    if (this.#running) return false;
    this.#start(this.#noted(notifyIdle(db)));
    return true;
  }

  #alongside(): Promise<boolean> {
    return this.#noted(this.#connections.alongside(notifyIdle));
  }

  /** One that fails is not sent again: the commit stands, and the next look of a worker finds it. */
  async #noted(sending: Promise<boolean>): Promise<boolean> {
    const answer = sending.catch(() => true);
    this.#sent.add(answer);
    const isAnyIdle = await answer;
    this.#sent.delete(answer);
    return isAnyIdle;
  }

  #start(first: Promise<boolean>): void {
    this.#running = this.#run(first).finally(() => (this.#running = null));
  }

  async #run(first: Promise<boolean>): Promise<void> {
    for (let telling = first; ; telling = this.#alongside()) {
      // The statement before it may take long: the next commits are told of beside it.
      const isAnyIdle = await within(telling, PAUSE_MS);
      if (isAnyIdle === false) await sleepUnless(this.#closing.signal, PAUSE_MS);
      if (!this.#isAgain) return;
      this.#isAgain = false;
    }
  }

  /** Resolves when the last commits have been told, or telling has failed. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    await Promise.all(this.#sent);
  }
}
