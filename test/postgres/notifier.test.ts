/** What commits cost that others are told of. */
import { expect, test } from "bun:test";
import { errorOf } from "../support/error.ts";
import { needs } from "../support/needs.ts";
import { makePostgres, type TestPostgres } from "../support/postgres.ts";
import { newTask, withSession } from "../support/store.ts";
import { until } from "../support/until.ts";

const OPEN =
  "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'alone' AND datname = current_database()";

async function openOf({ database }: TestPostgres): Promise<unknown> {
  const [row] = await database.run(OPEN);
  return row?.["count"];
}

/** A worker that waits to be woken. */
const IDLE = `
  INSERT INTO tq.worker (id, pid, threads, started_at, idle, host, boot_id, pid_space, application, queues)
  VALUES ('idle', 1, 1, 0, true, '', '', '', '', '[]')`;

/** The server takes until it is told to insert a task of the queue "slow". */
async function slowly({ database }: TestPostgres) {
  await database.run(`
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.queue = 'slow' THEN PERFORM pg_advisory_xact_lock(7); END IF; RETURN NULL; END $$`);
  await database.run(
    "CREATE TRIGGER slow AFTER INSERT ON tq.task FOR EACH ROW EXECUTE FUNCTION slow()",
  );
  const sql = new Bun.SQL(database.url, { max: 1 });
  await sql.unsafe("SELECT pg_advisory_lock(7)");
  return {
    begun: () =>
      until(async () => {
        expect(await database.run("SELECT FROM pg_locks WHERE NOT granted")).toHaveLength(1);
      }),
    async [Symbol.asyncDispose]() {
      await sql.close({ timeout: 0 });
      await until(() => database.run("DROP FUNCTION slow CASCADE"));
    },
  };
}

/** Counts the notifications that others hear. */
async function listen({ database }: TestPostgres) {
  let heard = 0;
  const sql = new Bun.SQL(database.url, { max: 1 });
  await sql.listen("tq", () => (heard += 1));
  return {
    get heard() {
      return heard;
    },
    [Symbol.asyncDispose]: () => sql.close({ timeout: 0 }),
  };
}

const END_SLOW = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'alone' AND wait_event_type = 'Lock'`;

needs("postgres").describe("a commit on PostgreSQL", () => {
  test("is told of while the server works at an earlier push", async () => {
    await using pg = await makePostgres({ application: "alone" });
    await pg.database.run(IDLE);
    await using listening = await listen(pg);
    let pushing: Promise<unknown>;
    {
      await using slow = await slowly(pg);
      pushing = pg.store.push([newTask({ queue: "slow" })]);
      await slow.begun();
      await pg.store.write((session) => session.push([newTask()]));
      await until(() => expect(listening.heard).toBe(1));
    }
    await pushing;
    await until(() => expect(listening.heard).toBe(2));
  });

  test("is told of though the connection of the push before it was lost", async () => {
    await using pg = await makePostgres({ application: "alone" });
    await pg.database.run(IDLE);
    await using listening = await listen(pg);
    await using slow = await slowly(pg);
    const pushing = errorOf(pg.store.push([newTask({ queue: "slow" })]));
    await slow.begun();
    await pg.store.write((session) => session.push([newTask()]));
    await pg.database.run(END_SLOW);
    expect(await pushing).toMatchObject({ code: "uncertain" });
    await until(() => expect(listening.heard).toBeGreaterThan(0));
  });
});

needs("postgres").describe(
  "a program that commits one transaction after the other on PostgreSQL",
  () => {
    test("tells of them on the connection that it works with", async () => {
      await using pg = await makePostgres({ application: "alone" });
      await pg.database.run(IDLE);
      for (let user = 0; user < 30; user++) {
        await pg.store.write((session) => session.push([newTask({ user })]));
      }
      expect(await openOf(pg)).toBe(1);
    });

    test("commits as durably after it has told of a commit as before", async () => {
      await using pg = await makePostgres({ application: "alone" });
      await pg.database.run(IDLE);
      const setting = async () =>
        withSession(pg.store, async (session) =>
          session.sql("SELECT current_setting('synchronous_commit') AS is", []),
        );
      const before = await setting();
      await pg.store.write((session) => session.push([newTask()]));
      expect(await setting()).toEqual(before);
      expect(await openOf(pg)).toBe(1);
    });
  },
);
