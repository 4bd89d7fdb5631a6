/** What the doctor finds on a PostgreSQL server. */
import { expect, test } from "bun:test";
import type { ServerCondition } from "../../src/store/condition.ts";
import { CHECKS } from "../../src/doctor/table.ts";
import { Examination } from "../../src/doctor/examination.ts";
import { examine } from "../../src/doctor/examine.ts";
import { sentenceOf } from "../../src/doctor/check.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { checkServer } from "../../src/postgres/known-server.ts";
import { readSnapshotHolder } from "../../src/postgres/sql/server-condition.ts";
import type { Connection } from "../../src/postgres/connection.ts";
import { errorOf } from "../support/error.ts";
import { makeStore } from "../support/store.ts";
import { eventually } from "../integration/support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { makePostgres } from "../support/postgres.ts";
import { startPostgres, startStandby } from "../support/postgres-server.ts";
import { needs } from "../support/needs.ts";

const config = parseSettings({}, "test");

const WELL: ServerCondition = {
  version: "15.1",
  synchronousCommit: "on",
  synchronousStandbys: "",
  standbys: 0,
  isStandby: false,
  waitingForStandby: 0,
  readOnlyBy: null,
  isVacuumed: true,
  deadRows: 0,
  rows: 0,
  connections: 1,
  maxConnections: 97,
  oldestSnapshot: null,
  seesAll: true,
};

/** The sentences of all checks of the server, were it so. */
async function found(server: Partial<ServerCondition>): Promise<string[]> {
  await using subject = makeStore();
  const { store } = subject;
  store.condition.server = async () => ({ ...WELL, ...server }) as never;
  const of = new Examination({ store, config, mode: "worker" });
  const all = [];
  for (const check of CHECKS)
    if (check.on === "server") all.push(...(await check.find(of, "doctor")));
  return all.map(sentenceOf);
}

test("a server that keeps and cleans up all has no finding", async () => {
  expect(await found({})).toEqual([]);
  expect(await found({ standbys: 1, synchronousStandbys: "*" })).toEqual([]);
});

test("commits that may be lost are found", async () => {
  expect(await found({ synchronousCommit: "off", standbys: 1 })).toEqual([
    "The server confirms commits before they are on its disk (synchronous_commit = off): a crash of it may lose the last tasks that were acknowledged; set it to on, for the server or by ALTER ROLE, or leave it where such tasks can be pushed again",
  ]);
  const failover =
    "A standby follows the server, and commits wait for none: a failover may lose the last tasks that were acknowledged; set synchronous_standby_names, or leave it where such tasks can be pushed again";
  expect(await found({ standbys: 1 })).toEqual([failover]);
  const local = { standbys: 1, synchronousStandbys: "*", synchronousCommit: "local" };
  expect(await found(local)).toEqual([failover]);
});

test("commits that wait for a standby are found", async () => {
  expect(await found({ waitingForStandby: 1 })).toEqual([
    "A commit waits for a synchronous standby that does not answer: what it has stored counts for others once that is back; bring the standby back, or take it out of synchronous_standby_names and reload the server",
  ]);
});

test("the one who holds the oldest snapshot is named, with the way to end it", async () => {
  const age = 3 * 3_600_000;
  const holding = (holder: object) =>
    found({
      oldestSnapshot: {
        kind: "session",
        name: "4711",
        program: "psql",
        role: "ana",
        age,
        ...holder,
      },
    });
  const why = "what has ended since cannot be cleaned up, and claims become slower";
  expect(await holding({})).toEqual([
    `pid 4711 of the server (psql, role ana) has had a transaction open for 3 h: ${why}; end it in its program, or by SELECT pg_terminate_backend(4711)`,
  ]);
  expect(await holding({ age: 60_000 })).toEqual([]);
  expect(await holding({ kind: "prepared", name: "o'neil", program: "" })).toEqual([
    `A prepared transaction, "o'neil" (role ana), is open for 3 h: ${why}; end it: COMMIT PREPARED or ROLLBACK PREPARED 'o''neil'`,
  ]);
  expect(await holding({ kind: "slot", name: "old", age: null })).toEqual([
    `The replication slot "old" keeps rows that its reader has not come to: ${why}; have its reader go on, or drop it: SELECT pg_drop_replication_slot('old')`,
  ]);
  expect(await holding({ kind: "standby", program: "walreceiver", role: "copy" })).toEqual([
    `A standby (pid 4711, walreceiver, role copy) asks the server to keep rows for 3 h: ${why}; end the long query there, or set hot_standby_feedback = off on the standby`,
  ]);
});

test("a standby, dead rows, and connections that run out are found", async () => {
  const [standby] = await found({ isStandby: true });
  expect(standby).toEndWith(
    "is a standby, which takes no writes; name the primary in database.url, or promote this one",
  );
  expect(await found({ deadRows: 600_000, rows: 1_000_000 })).toEqual([]);
  expect((await found({ deadRows: 600_000, rows: 100 }))[0]).toStartWith(
    "The table of tasks has 600000 dead rows beside 100 others",
  );
  expect((await found({ connections: 80 }))[0]).toStartWith(
    "80 of the server's 97 connections are used",
  );
  expect((await found({ isVacuumed: false }))[0]).toStartWith("Autovacuum is off");
});

test("a server that is too old, and an encoding that cannot hold every text, are refused", async () => {
  const server = (number: number, encoding: string): Connection =>
    ({ get: async () => ({ number, version: "x", encoding }) }) as unknown as Connection;
  expect((await errorOf(checkServer(server(120_022, "UTF8"), "db")))?.message).toBe(
    "Cannot use db: its server is PostgreSQL x; tq needs 13 or newer",
  );
  expect((await errorOf(checkServer(server(150_001, "LATIN1"), "db")))?.message).toStartWith(
    "Cannot use db: its encoding is LATIN1",
  );
  await checkServer(server(130_000, "UTF8"), "db");
});

needs("postgres").test("a real server tells all that the checks ask", async () => {
  await using subject = await makePostgres();
  const { store, database } = subject;
  const other = new Bun.SQL(database.url, { max: 1, connection: { application_name: "report" } });
  const reserved = await other.reserve();
  await reserved`BEGIN ISOLATION LEVEL REPEATABLE READ`;
  const [{ pid } = { pid: 0 }] =
    await reserved`SELECT pg_backend_pid() AS pid FROM tq.task RIGHT JOIN (VALUES (1)) AS one ON true`;
  const server = await store.condition.server();
  expect(server).toMatchObject({
    synchronousCommit: "off", // as the tests' server is made
    isVacuumed: false,
    isStandby: false,
    readOnlyBy: null,
    standbys: 0,
    waitingForStandby: 0,
    seesAll: true,
    oldestSnapshot: { kind: "session", name: `${pid}`, program: "report" },
  });
  expect(server.connections).toBeWithin(2, server.maxConnections);
  expect(await store.condition.flushTime()).toBeWithin(0, 10_000);
  await reserved`ROLLBACK`;
  expect((await store.condition.server()).oldestSnapshot?.name).not.toBe(`${pid}`);
  await database.run("ALTER TABLE tq.task SET (autovacuum_enabled = false)");
  const findings = (await examine({ store, config, mode: "no worker" }, { quick: true })).flatMap(
    (checked) => checked.findings.map(({ check }) => check),
  );
  expect(findings).toEqual(["durability", "autovacuum_off"]);
  await reserved.release();
  await other.close({ timeout: 0 });
});

needs("postgres").test(
  "a disk that has room takes what the doctor tries, and keeps nothing of it",
  async () => {
    await using made = await makePostgres();
    const tables = () =>
      made.database.run("SELECT relname FROM pg_class WHERE relkind = 'r' ORDER BY 1");
    await made.store.ready();
    const before = await tables();
    expect(await made.store.condition.diskTrial()).toBe("taken");
    expect(await tables()).toEqual(before);
  },
);

needs("postgres").test(
  "a replication slot counts once its standby has stopped reading",
  async () => {
    const primary = await startPostgres(["listen_addresses=127.0.0.1"], { port: freePort() });
    const sql = new Bun.SQL(primary.url("postgres"), { max: 1 });
    await sql.unsafe("CREATE TABLE one (id int)");
    await sql.unsafe("SELECT pg_create_physical_replication_slot('copy')");
    const follows = [
      "primary_slot_name=copy",
      "hot_standby_feedback=on",
      "wal_receiver_status_interval=1",
    ];
    const standby = await startStandby(primary, follows, freePort());
    const isHeld = () => sql`SELECT FROM pg_replication_slots WHERE xmin IS NOT NULL`;
    const get = async (text: string) => ((await sql.unsafe(text)) as unknown[])[0] ?? null;
    const holder = () => readSnapshotHolder({ get } as unknown as Connection);
    try {
      await eventually(
        "the standby has said what it needs",
        async () => (await isHeld()).length > 0,
      );
      expect(await holder()).toBeNull();
      await standby.stop();
      await eventually("the slot has no reader", async () => (await holder()) !== null);
      expect(await holder()).toMatchObject({ kind: "slot", name: "copy", age: null });
    } finally {
      await sql.close({ timeout: 0 });
      await standby.stop();
      await primary.stop();
    }
  },
);
