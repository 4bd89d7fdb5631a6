/** What commits cost that others are told of. */
import { expect, test } from "bun:test";
import { needs } from "../support/needs.ts";
import { makePostgres, type TestPostgres } from "../support/postgres.ts";
import { newTask, withSession } from "../support/store.ts";

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
