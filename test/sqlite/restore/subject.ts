/** A queue, its backup, and what becomes of both, for tests of a restore. */
import { Database } from "bun:sqlite";
import type { RestoreOptions } from "../../../src/store/restore.ts";
import { inspectBackup, restoreBackup } from "../../../src/sqlite/restore/restore.ts";
import { type SqliteOptions } from "../../../src/sqlite/database.ts";
import { SqliteStore } from "../../../src/sqlite/store.ts";
import { makeFolder } from "../../support/folder.ts";

export interface RestoreSubject extends AsyncDisposable {
  readonly path: string;
  /** The path of the backup. */
  readonly copy: string;
  file(name: string): string;
  /** Opens the database while `fn` runs. */
  use<T>(fn: (store: SqliteStore) => Promise<T>, options?: Partial<SqliteOptions>): Promise<T>;
  restore(options?: Partial<RestoreOptions>): ReturnType<typeof restoreBackup>;
  /** The rows of a file, without opening it as a queue. */
  rows(sql: string, path?: string): unknown[];
}

export function restoreSubject(): RestoreSubject {
  const folder = makeFolder();
  const path = folder.file("tq.db");
  const copy = folder.file("copy.db");
  return {
    path,
    copy,
    file: (name) => folder.file(name),
    async use(fn, options = {}) {
      const store = new SqliteStore({ path, durability: "normal", ...options });
      try {
        return await fn(store);
      } finally {
        await store.close();
      }
    },
    restore(options = {}) {
      const all = { database: path, file: copy, hold: false, skip: null, minFree: 0, ...options };
      return restoreBackup(all, inspectBackup(all.database, all.file));
    },
    rows(sql, at = path) {
      using db = new Database(at, { readonly: true });
      return db.query(sql).values();
    },
    async [Symbol.asyncDispose]() {
      folder[Symbol.dispose]();
    },
  };
}
