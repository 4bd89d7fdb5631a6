/** Programs beside a schema that a newer tq has brought to another version. */
import { expect, test } from "bun:test";
import type { PostgresOptions } from "../../src/postgres/options.ts";
import { PostgresStore } from "../../src/postgres/store.ts";
import { POSTGRES_SCHEMA_VERSION } from "../../src/postgres/schema-version.ts";
import { PostgresWorkerStore } from "../../src/postgres/worker-store.ts";
import { errorOf } from "../support/error.ts";
import { needs } from "../support/needs.ts";
import { until } from "../support/until.ts";
import { pushOne } from "../support/store.ts";
import { type Empty, makeEmpty } from "./empty.ts";

const WORKER = { id: "w1", pid: 41, threads: 1, queues: [] };

/** @param oldest the oldest version that goes on with it */
async function raise(database: Empty, oldest: number): Promise<void> {
  await database.run(`UPDATE tq.schema SET version = 99, oldest = ${oldest}`);
  await database.run("SELECT pg_notify('tq', 'schema')");
}

const SENTENCE = new RegExp(
  `^Cannot go on with \\S+: a newer tq has brought its schema to version 99, and this tq knows ${POSTGRES_SCHEMA_VERSION}; use the newer tq here too$`,
);

function optionsOn(database: Empty): PostgresOptions {
  return { url: database.url, folder: "/" };
}

needs("postgres").describe("beside a schema of a newer tq", () => {
  test("a worker that cannot go on with it ends, with a sentence", async () => {
    await using database = await makeEmpty();
    const store = new PostgresWorkerStore(optionsOn(database));
    await store.register(WORKER);
    await store.checkAlive("w1");
    await raise(database, 99);
    await until(async () => {
      const error = await errorOf(store.checkAlive("w1"));
      expect(error).toMatchObject({ code: "database", message: expect.stringMatching(SENTENCE) });
    });
    await store.close();
  });

  test("a program that cannot go on with it is told so at its next connection", async () => {
    await using database = await makeEmpty();
    const store = new PostgresStore(optionsOn(database));
    await pushOne(store);
    await raise(database, 99);
    const first = store.session();
    await first.begin(); // it has the one connection
    const error = await errorOf(store.get(1));
    expect(error).toMatchObject({ code: "database", message: expect.stringMatching(SENTENCE) });
    await store.release(first);
    await store.close();
  });

  test("a worker and a program go on with it where they can", async () => {
    await using database = await makeEmpty();
    const store = new PostgresWorkerStore(optionsOn(database));
    await store.register(WORKER);
    await raise(database, POSTGRES_SCHEMA_VERSION);
    const first = store.session();
    await first.begin();
    await pushOne(store);
    await store.release(first);
    await store.checkAlive("w1");
    await store.unregister("w1");
    await store.close();
  });

  test("a statement that meets another column, table or function says what is the matter", async () => {
    await using database = await makeEmpty();
    const store = new PostgresStore(optionsOn(database));
    await pushOne(store);
    await database.run("ALTER TABLE tq.attempt RENAME COLUMN outcome TO result");
    const error = await errorOf(store.attempts(1));
    expect(error).toMatchObject({ code: "database" });
    expect(error.message).toMatch(
      /^Cannot use \S+: its schema tq is not the one that this tq knows \(column .*outcome.* does not exist\); use the tq that all others have, and see tq doctor$/,
    );
    await store.close();
  });
});
