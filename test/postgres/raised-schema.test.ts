/** Programs beside a schema that a newer tq has brought to another version. */
import { expect, jest, spyOn, test } from "bun:test";
import { moveDatabase } from "../../src/open-store.ts";
import { Connection } from "../../src/postgres/connection.ts";
import type { PostgresOptions } from "../../src/postgres/options.ts";
import { PostgresStore } from "../../src/postgres/store.ts";
import { POSTGRES_SCHEMA_VERSION } from "../../src/postgres/schema-version.ts";
import { WorkerLife } from "../../src/postgres/worker-life.ts";
import { PostgresWorkerStore } from "../../src/postgres/worker-store.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { errorOf } from "../support/error.ts";
import { useFakeTimers } from "../support/fake-timers.ts";
import { makeFolder } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { until } from "../support/until.ts";
import { pushOne } from "../support/store.ts";
import { type Empty, makeEmpty } from "./empty.ts";
import { LIFE } from "./support.ts";

const WORKER = { id: "w1", pid: 41, threads: 1, queues: [] };

const RAISE = "UPDATE tq.schema SET version = 99, oldest = 99";

/** @param oldest the oldest version that goes on with it */
async function raise(database: Empty, oldest: number): Promise<void> {
  await database.run(`UPDATE tq.schema SET version = 99, oldest = ${oldest}`);
  await database.run("SELECT pg_notify('tq', 'schema')");
}

/** Before the server is asked anyhow. */
const SOON_MS = 1_000;

/** Counts the statements that ask for the row of the schema. */
function spySchema() {
  const get = spyOn(Connection.prototype, "get");
  return {
    get asked() {
      return get.mock.calls.filter(([text]) => text.includes("to_json(schema)")).length;
    },
    /** Resolves once the server owes no answer. */
    answered: () => Promise.allSettled(get.mock.results.map(({ value }) => value as unknown)),
    [Symbol.dispose]: () => get.mockRestore(),
  };
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

  test("a worker without tasks that heard of none learns so by its look, and ends", async () => {
    await using database = await makeEmpty();
    const store = new PostgresWorkerStore(optionsOn(database));
    await store.register(WORKER);
    await database.run(RAISE);
    using sent = spySchema();
    await store.look({ queues: [], limit: 1, worker: "w1" });
    await until(() => expect(sent.asked).toBe(1), SOON_MS);
    await until(async () => {
      expect(await errorOf(store.checkAlive("w1"))).toMatchObject({ code: "database" });
    });
    await store.close();
  });

  test("a worker that runs tasks asks for it after some 10 s, whatever else it looks at", async () => {
    await using database = await makeEmpty();
    const store = new PostgresWorkerStore(optionsOn(database));
    await store.register(WORKER);
    using sent = spySchema();
    useFakeTimers();
    try {
      for (let ms = 0; ms < 25_000; ms += 250) {
        await store.checkAlive("w1");
        await store.makeCrowdReady();
        await sent.answered();
        jest.advanceTimersByTime(250);
      }
    } finally {
      jest.useRealTimers();
    }
    expect(sent.asked).toBeWithin(2, 4);
    await store.close();
  });

  test("a worker asks again where it is told so while an answer is under way", async () => {
    await using database = await makeEmpty();
    const store = new PostgresStore(optionsOn(database));
    await store.ready();
    await store.close();
    let asked = 0;
    const answer = Promise.withResolvers<void>();
    const answers = [Promise.resolve(), answer.promise];
    const life = new WorkerLife(
      {
        url: database.url,
        ...LIFE,
        learnTime: () => answers[asked++] ?? Promise.resolve(),
      },
      WORKER,
    );
    await life.begin();
    life.askNow();
    life.askNow();
    expect(asked).toBe(2);
    answer.resolve();
    await until(() => expect(asked).toBe(3), SOON_MS);
    await life.end();
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

  test("a worker and a program that start there do so where they can", async () => {
    await using database = await makeEmpty();
    const first = new PostgresStore(optionsOn(database));
    await first.ready();
    await first.close();
    await raise(database, POSTGRES_SCHEMA_VERSION);
    const store = new PostgresWorkerStore(optionsOn(database));
    await store.register(WORKER);
    const looking = new PostgresStore({ ...optionsOn(database), needsTables: true });
    expect(await looking.get(await pushOne(store))).toMatchObject({ state: "ready" });
    await looking.close();
    await store.unregister("w1");
    await store.close();
    expect(await database.run("SELECT version FROM tq.schema")).toEqual([{ version: 99 }]);
    await raise(database, POSTGRES_SCHEMA_VERSION + 1);
    const refused = new PostgresStore(optionsOn(database));
    expect(await errorOf(pushOne(refused))).toMatchObject({ code: "database" });
    await refused.close();
  });

  test("an older tq moves nothing out of it", async () => {
    await using database = await makeEmpty();
    using folder = makeFolder();
    const first = new PostgresStore(optionsOn(database));
    await first.ready();
    await first.close();
    await raise(database, POSTGRES_SCHEMA_VERSION);
    const config = parseSettings({ database: { url: database.url } }, "test");
    const error = await errorOf(moveDatabase(config, folder.file("tq.db"), []));
    expect(error.message).toContain("its schema has version 99, and this tq knows");
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
