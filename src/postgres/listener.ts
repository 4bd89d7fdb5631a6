/**
 * Hears of commits, on a connection of its own. The driver would listen anew by itself, at pauses of up to 32 s, and write
 * to standard error each time that it fails: so its connection is closed here as soon as it is lost.
 */
import { SQL } from "bun";
import { clearTimeout, setTimeout } from "../clock.ts";
import { connectionOptions, type ConnectionOptions } from "./connection.ts";
import { CHANNEL } from "./notifier.ts";

/**
 * The first pause before it listens anew; each one after it is twice as long, up to the longest. They are longer
 * than those of a worker's proof of life, as looks find what it does not hear.
 */
const FIRST_LISTEN_PAUSE_MS = 100;
const LONGEST_LISTEN_PAUSE_MS = 2_000;

export class Listener {
  readonly #options: ConnectionOptions;
  readonly #heard: (payload: string) => void;
  #sql: SQL | null = null;
  #pause = FIRST_LISTEN_PAUSE_MS;
  #timer: Timer | null = null;
  #isClosed = false;

  /** @param heard is called at each notification, and once it listens again: it may have missed some. */
  constructor(options: ConnectionOptions, heard: (payload: string) => void) {
    this.#options = options;
    this.#heard = heard;
  }

  /** Resolves when it listens, or has failed for the first time: then it tries on. */
  async start(): Promise<void> {
    const sql: SQL = new SQL({
      ...connectionOptions(this.#options),
      onclose: () => this.#lost(sql),
    });
    this.#sql = sql;
    try {
      await sql.listen(CHANNEL, (payload) => this.#heard(payload));
      if (this.#sql !== sql) return;
      this.#pause = FIRST_LISTEN_PAUSE_MS;
      this.#heard("");
    } catch {
      this.#lost(sql);
    }
  }

  #lost(sql: SQL): void {
    close(sql);
    if (this.#sql !== sql || this.#isClosed) return;
    this.#sql = null;
    this.#timer = setTimeout(() => void this.start(), this.#pause).unref();
    this.#pause = Math.min(this.#pause * 2, LONGEST_LISTEN_PAUSE_MS);
  }

  /** Listens on a new connection: the server is not reached by the old one any more. */
  renew(): void {
    if (this.#sql) this.#lost(this.#sql);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer) clearTimeout(this.#timer);
    const sql = this.#sql;
    this.#sql = null;
    if (sql) close(sql);
  }
}

function close(sql: SQL): void {
  sql.close({ timeout: 0 }).catch(() => {});
}
