/** A thread that is ended while its statements are on their way: the server has all of a transaction, or nothing. */
import { expect } from "bun:test";
import { Connection } from "../../src/postgres/connection.ts";
import { needs } from "../support/needs.ts";
import { makePostgres } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { LIFE } from "./support.ts";

const SEEN = `
  SELECT state, wait_event_type AS waits FROM pg_stat_activity
   WHERE application_name = 'ended' AND datname = current_database()`;

needs("postgres").test(
  "a transaction whose thread is ended before it is all sent is committed whole, or not at all",
  async () => {
    await using made = await makePostgres();
    const { url } = made.database;
    const run = (statement: string) => made.database.run(statement);
    await run("CREATE TABLE effect (id integer)");
    await run("CREATE TABLE finish (id integer, said text)");
    const seen = async () => (await run(SEEN))[0];
    const poker = Promise.withResolvers<{ write(text: string): unknown }>();
    const socket = { open: poker.resolve, data: () => {} };
    using listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket });
    const locker = await Connection.open({ ...LIFE, url });
    const gate = new Int32Array(new SharedArrayBuffer(8));
    const thread = new Worker(new URL("ended-thread.ts", import.meta.url).href);
    const said: unknown[] = [];
    thread.addEventListener("message", ({ data }) => said.push(data));
    await locker.command("BEGIN; LOCK TABLE finish IN ACCESS EXCLUSIVE MODE");
    thread.postMessage({ url, port: listener.port, gate });
    await until(() => expect(said).toContain("held"));
    await until(async () => expect(await seen()).toEqual({ state: "active", waits: "Lock" }));
    (await poker.promise).write("x"); // the thread meets it before the answer, which comes now
    await locker.command("COMMIT");
    await until(async () => expect(await seen()).toMatchObject({ state: "idle in transaction" }));
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await until(() => expect(said).toContain("ending"));
    const closed = new Promise((resolve) => thread.addEventListener("close", resolve));
    thread.terminate();
    await closed;
    await until(async () => expect(await seen()).toBeUndefined());
    const effects = await run("SELECT id FROM effect");
    expect(await run("TABLE finish")).toEqual(effects.map(({ id }) => ({ id, said: 'a "word"' })));
    await locker.close();
  },
);
