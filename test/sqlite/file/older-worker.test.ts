/** A file of an older schema stays as it is while programs of the older tq run tasks of it: they know nothing newer. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { releaseLock, takeLock } from "../../../src/sqlite/file/liveness.ts";
import { SCHEMA_VERSION } from "../../../src/sqlite/migrate.ts";
import { SqliteStore } from "../../../src/sqlite/store.ts";
import { type Folder, makeFolder } from "../../support/folder.ts";
import { refusal } from "./file-refusal.ts";

interface OldFile extends Disposable {
  readonly path: string;
  readonly db: Database;
}

/** A database that a tq with this schema has made. */
function makeOld(schema: number): OldFile {
  const folder: Folder = makeFolder();
  const path = folder.file("tq.db");
  const db = new Database(path, { strict: true });
  db.run("PRAGMA journal_mode = WAL");
  for (let version = 1; version <= schema; version++) {
    const file = `../../../src/sqlite/migrations/00${version}.sql`;
    db.run(readFileSync(new URL(file, import.meta.url), "utf8"));
    if (version > 2) db.run(`UPDATE tq__schema SET version = ${version}`);
  }
  return {
    path,
    db,
    [Symbol.dispose]() {
      db.close();
      folder[Symbol.dispose]();
    },
  };
}

const COLUMNS = "id, pid, host, boot_id, started_at, threads, queues";

/** Registers a program, and lets it live. */
function start({ db, path }: OldFile, worker: string, { pid = 1234, threads = 2 } = {}): void {
  db.query(`INSERT INTO tq__worker (${COLUMNS}) VALUES (?, ?, 'here', 'boot', 0, ?, '[]')`).run(
    worker,
    pid,
    threads,
  );
  takeLock(path, worker);
}

function versionOf({ db }: OldFile): number {
  return (db.query("SELECT version FROM tq__schema").get() as { version: number }).version;
}

const STOP =
  "would ignore all that is newer; stop every worker and program of the older tq first, then start the newer one (see Update in docs/operating.md)";

describe("a file of an older schema", () => {
  test.each([
    ["that looks", { onlyLooks: true, needsTables: true }],
    ["that writes", {}],
  ])("is refused, by a program %s, while a worker of the older tq lives", async (_, options) => {
    using old = makeOld(5);
    start(old, "worker-1");
    old.db.run("UPDATE tq__worker SET version = '0.2.0+abc1234'");
    expect(refusal(old.path, options)).toMatchObject({
      code: "database",
      message: `Cannot bring ${old.path} from schema 5 to ${SCHEMA_VERSION}: worker worker-1 (pid 1234, tq 0.2.0+abc1234) runs on it, and ${STOP}`,
    });
    expect(versionOf(old)).toBe(5);
    releaseLock(old.path, "worker-1");
    await new SqliteStore({ path: old.path, ...options }).close();
    expect(versionOf(old)).toBe(SCHEMA_VERSION);
  });

  test("is refused while a worker lives that said no version, and one that is no worker", () => {
    using old = makeOld(2);
    start(old, "worker-0");
    releaseLock(old.path, "worker-0"); // a dead one is no reason
    start(old, "worker-1", { pid: 11 });
    start(old, "worker-2", { pid: 22, threads: 0 });
    expect(refusal(old.path).message).toBe(
      `Cannot bring ${old.path} from schema 2 to ${SCHEMA_VERSION}: worker worker-1 (pid 11, an older tq) and the program with pid 22 (an older tq), which runs its own tasks, run on it, and ${STOP}`,
    );
    for (const worker of ["worker-1", "worker-2"]) releaseLock(old.path, worker);
  });

  test("is migrated where all its workers have died", async () => {
    using old = makeOld(5);
    start(old, "worker-1");
    releaseLock(old.path, "worker-1");
    await new SqliteStore({ path: old.path }).close();
    expect(versionOf(old)).toBe(SCHEMA_VERSION);
  });

  test("is not refused once it is migrated, whoever runs on it", async () => {
    using old = makeOld(SCHEMA_VERSION);
    start(old, "worker-1");
    await new SqliteStore({ path: old.path }).close();
    releaseLock(old.path, "worker-1");
  });
});

test("a program of an older tq that registers after the schema was brought forward is seen as one", async () => {
  using old = makeOld(5);
  const store = new SqliteStore({ path: old.path });
  expect(versionOf(old)).toBe(SCHEMA_VERSION);
  start(old, "program-1", { threads: 0 });
  await store.register({ id: "worker-1", pid: 1, threads: 1, queues: [] });
  const { workers } = await store.status();
  expect(workers.map(({ id, alive, schema }) => ({ id, alive, schema }))).toEqual([
    { id: "program-1", alive: true, schema: null },
    { id: "worker-1", alive: true, schema: SCHEMA_VERSION },
  ]);
  await store.unregister("worker-1");
  releaseLock(old.path, "program-1");
  await store.close();
});
