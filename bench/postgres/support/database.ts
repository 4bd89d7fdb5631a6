/** Databases of the benchmarks' own on the server that --database names. */
import { SQL } from "bun";
import { PostgresStore } from "../../../src/postgres/store.ts";
import type { Bench } from "../../support/measure.ts";

let made = 0;

/** A database with the schema of tq; its disposal drops it. */
export class Database implements AsyncDisposable {
  readonly url: string;
  /** Where the log of its worker goes, without the end of its name. */
  readonly path: string;
  readonly #admin: SQL;
  readonly #name: string;
  readonly #dropAtExit: () => void;

  private constructor(admin: SQL, name: string, url: string, path: string) {
    this.url = url;
    this.path = path;
    this.#admin = admin;
    this.#name = name;
    // A measure that fails or is interrupted leaves no database behind.
    const program = Bun.fileURLToPath(new URL("./drop.ts", import.meta.url));
    this.#dropAtExit = () => void Bun.spawnSync([process.execPath, program, url, name]);
    process.once("exit", this.#dropAtExit);
  }

  static async make({ database, folder }: Bench): Promise<Database> {
    if (database === null) throw new Error("Say --database with the URL of a PostgreSQL server");
    const admin = new SQL(database, { max: 1 });
    const name = `tq_bench_${process.pid}_${++made}`;
    await admin.unsafe(`CREATE DATABASE ${name}`);
    const one = new Database(admin, name, urlOf(database, name), folder.database());
    const store = new PostgresStore({ url: one.url, folder: folder.path });
    await store.ready();
    await store.close();
    return one;
  }

  /** Asks the server from another database: it does not count among what this one did. */
  async ask<R>(text: string): Promise<R> {
    const [row] = (await this.#admin.unsafe(text, [this.#name])) as R[];
    return row as R;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off("exit", this.#dropAtExit);
    await this.#admin.unsafe(`DROP DATABASE ${this.#name} WITH (FORCE)`);
    await this.#admin.close({ timeout: 0 });
  }
}

/** The URL with the name of another database of the same server. */
function urlOf(url: string, name: string): string {
  return url.replace(/^([^:]+:\/\/[^/?]*)(?:\/[^?]*)?/, `$1/${name}`);
}
