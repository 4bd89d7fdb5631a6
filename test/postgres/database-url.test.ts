/** URLs of other clients: what they say is taken, or does no harm. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { createServer } from "node:net";
import { monotonicNow } from "../../src/clock.ts";
import { Site } from "../integration/support/site.ts";
import { PostgresStore } from "../../src/postgres/store.ts";
import { sentenceOf } from "../support/error.ts";
import { needs } from "../support/needs.ts";
import { newTask } from "../support/store.ts";
import { makeEmpty } from "./empty.ts";

setDefaultTimeout(30_000);

const OWNER = "SELECT nspowner::regrole::text AS owner FROM pg_namespace WHERE nspname = 'tq'";

/** The user that makes the schema by a URL that names none, where these variables say this; "": they are not set. */
async function ownerWith(variables: { PGUSER?: string; USER?: string }): Promise<unknown> {
  await using database = await makeEmpty();
  await using site = new Site();
  const env = { ...variables, TQ_DATABASE: database.url.replace("://tq@", "://") };
  const { code, stderr } = await site.start(["migrate"], { env }).ended();
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return (await database.run(OWNER))[0]?.["owner"];
}

needs("postgres").describe("on PostgreSQL", () => {
  test("a URL without a user means PGUSER, else the user of the system", async () => {
    await using beside = await makeEmpty();
    const username = Bun.spawnSync(["id", "-un"]).stdout.toString().trim();
    const make = (name: string) =>
      beside.run(
        `DO $$ BEGIN CREATE ROLE "${name}" SUPERUSER LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
      );
    await make(username);
    await make("by_variable");
    for (const USER of ["", "by_variable"]) {
      expect(await ownerWith({ USER })).toBe(username);
      expect(await ownerWith({ USER, PGUSER: "" })).toBe(username);
    }
    expect(await ownerWith({ PGUSER: "by_variable" })).toBe("by_variable");
  });

  test("parameters that only other clients know are no settings of the server, and name no connection", async () => {
    await using database = await makeEmpty();
    const more =
      "application_name=shop&fallback_application_name=x&connect_timeout=10&channel_binding=prefer&gssencmode=disable&sslnegotiation=postgres&target_session_attrs=read-write&keepalives=1&keepalives_idle=7&options=-c%20work_mem%3D7MB";
    const store = new PostgresStore({ url: `${database.url}&${more}`, folder: "/" });
    await store.push([newTask()]);
    const rows = await database.run(
      "SELECT application_name AS name FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { name } of rows) expect(name).toStartWith(`tq ${process.pid} `);
    const session = store.session();
    const { rows: shown } = await session.sql("SHOW work_mem", []);
    expect(shown).toEqual([["7MB"]]);
    await store.release(session);
    await store.close();
  });
});

test("connect_timeout bounds the wait for a server that does not answer", async () => {
  const silent = createServer(() => {});
  const { promise, resolve } = Promise.withResolvers<void>();
  silent.listen(0, "127.0.0.1", resolve);
  await promise;
  const { port } = silent.address() as { port: number };
  const url = `postgresql://tq@127.0.0.1:${port}/shop?connect_timeout=1`;
  const store = new PostgresStore({ url, folder: "/", timeout: 25_000 });
  const began = monotonicNow();
  expect(await sentenceOf(() => store.push([newTask()]))).toContain("Cannot reach ");
  expect(monotonicNow() - began).toBeLessThan(15_000);
  await store.close();
  silent.close();
});
