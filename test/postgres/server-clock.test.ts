/** The server's clock as a process knows it: those of the hosts may be wrong. */
import { expect, spyOn, test } from "bun:test";
import { Connection } from "../../src/postgres/connection.ts";
import { ServerClock } from "../../src/postgres/server-clock.ts";
import { PostgresStore } from "../../src/postgres/store.ts";
import { makePostgres, makePostgresDatabase } from "../support/postgres.ts";
import { needs } from "../support/needs.ts";
import { openThread } from "./support.ts";

/** A measure over a socket of this machine is not wrong by as many ms. */
const NEAR_MS = 20;

const HOUR = 3_600_000;

/** Changes the answers to questions for the time. */
function onTime(change: (answer: { now: number }) => Promise<unknown>) {
  const name = "get" as const;
  const get = Connection.prototype[name] as (...asked: unknown[]) => Promise<unknown>;
  return spyOn(Connection.prototype, name).mockImplementation(async function (
    this: Connection,
    ...asked: unknown[]
  ) {
    const answer = await get.apply(this, asked);
    const isTime = String(asked[0]).includes(" AS now");
    return (isTime ? await change(answer as { now: number }) : answer) as never;
  });
}

needs("postgres").describe("the clock of the server", () => {
  test("is known by a process whose first answer comes late", async () => {
    await using database = await makePostgresDatabase();
    const store = new PostgresStore({ url: database.url, folder: "/" });
    let answers = 0;
    const late = onTime(async (answer) => {
      answers += 1;
      if (answers === 1) await Bun.sleep(200);
      return answer;
    });
    await store.ready();
    late.mockRestore();
    expect(Math.abs(store.now() - Date.now())).toBeLessThan(NEAR_MS);
    await store.close();
  });

  test("is asked for again once what is known is old, as it may have been set", async () => {
    await using database = await makePostgresDatabase();
    const store = new PostgresStore({ url: database.url, folder: "/" });
    await store.ready();
    const set = onTime(async ({ now }) => ({ now: now + HOUR }));
    const old = spyOn(ServerClock.prototype, "isOld").mockReturnValueOnce(true);
    await store.get(1);
    await store.get(1);
    set.mockRestore();
    old.mockRestore();
    expect(Math.abs(store.now() - Date.now() - HOUR)).toBeLessThan(NEAR_MS);
    await store.close();
  });

  test("is known by a thread though its first answers come late, one like the other", async () => {
    await using made = await makePostgres();
    await using thread = openThread(made);
    let answers = 0;
    const late = onTime(async (answer) => {
      answers += 1;
      if (answers <= 4) await Bun.sleep(60);
      return answer;
    });
    await thread.store.ready();
    late.mockRestore();
    expect(Math.abs(thread.store.now() - Date.now())).toBeLessThan(NEAR_MS);
  });
});
