/** A standby that has taken over may lack the last commits: what it says of tasks is from before them. */
import { expect, test } from "bun:test";
import { PostgresThreadStore } from "../../src/postgres/worker-store.ts";
import type { ClaimedTask } from "../../src/task.ts";
import { makeFolder } from "../support/folder.ts";
import { makePostgres, type TestPostgres } from "../support/postgres.ts";
import { needs } from "../support/needs.ts";
import { claimFirst, OWNER, pushOne, UNWATCHED } from "../support/store.ts";
import { until } from "../support/until.ts";
import { cutLives } from "./lives.ts";
import { makeWorkerStore, table } from "./support.ts";

const APPLICATION = "tq thread";
const FINISHED = { kind: "finished", result: null, reason: null } as const;
const ONE = { owner: OWNER, queues: [], limit: 1 };

/** The task as it was before its claim was committed. */
const UNCLAIMED = "state = 'ready', claim = 0, attempts = 0, finished_at = NULL, worker = NULL";

/** The task as it was before its end was committed. */
function stillClaimed({ claim }: ClaimedTask): string {
  return `state = 'running', claim = ${claim}, attempts = 0, finished_at = NULL, worker = '${OWNER.worker}', thread = ${OWNER.thread}`;
}

/** Ends the thread's connections. */
async function endConnections({ database }: TestPostgres) {
  await database.run(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE starts_with(application_name, '${APPLICATION}')`,
  );
}

/** The same, and takes the task back to how it was. */
async function failover(made: TestPostgres, { id }: ClaimedTask, was: string) {
  await endConnections(made);
  await made.database.run(`UPDATE tq.task SET ${was} WHERE id = ${id}`);
}

function threadOf({ database: { url } }: TestPostgres, folder: string): PostgresThreadStore {
  const mayClaim = new Int32Array(new SharedArrayBuffer(4));
  const part = { application: APPLICATION, channel: "tq thread 1", mayClaim };
  return new PostgresThreadStore({ url, folder }, { thread: 1, part, locks: UNWATCHED });
}

needs("postgres").describe("after a failover that has lost the last commits", () => {
  test("a thread puts back what the server still takes for running in it, before it claims", async () => {
    await using made = await makePostgres();
    using folder = makeFolder();
    const thread = threadOf(made, folder.path);
    const id = await pushOne(made.store);
    const [first] = await thread.claim(ONE);
    if (!first) throw new Error("there is no task");
    await thread.write((session) => session.settle(first, FINISHED));
    await failover(made, first, stillClaimed(first));
    const again = await thread.claim(ONE).catch(() => thread.claim(ONE)); // the first may meet the lost connection
    expect(again).toMatchObject([{ id, attempt: 1 }]);
    await thread.close();
  });

  test("a run that ends afterwards claims nothing with its commit, so that the thread is asked first", async () => {
    await using made = await makePostgres();
    using folder = makeFolder();
    const thread = threadOf(made, folder.path);
    await pushOne(made.store);
    const [lost] = await thread.claim(ONE);
    if (!lost) throw new Error("there is no task");
    await thread.write((session) => session.settle(lost, FINISHED));
    const next = await pushOne(made.store);
    await failover(made, lost, stillClaimed(lost));
    const session = thread.session();
    expect(await session.commit({ handBack: [], claim: ONE })).toEqual([]);
    await thread.release(session);
    const claimed = await thread.claim({ ...ONE, limit: 9 });
    expect(claimed.map(({ id }) => id)).toEqual([lost.id, next]);
    await thread.close();
  });

  test("a thread makes the tables and columns again that the server lacks", async () => {
    await using made = await makePostgres();
    using folder = makeFolder();
    const thread = threadOf(made, folder.path);
    const sale = table("sale", { name: "TEXT" });
    const label = table("label", { name: "TEXT", size: "INTEGER" });
    const insertBoth = async () => {
      const session = thread.session();
      const { records } = session;
      for (const one of [sale, label]) if (!records.hasTable(one)) await records.ensureTable(one);
      await session.begin();
      await records.insert(sale, ["a"]);
      await records.insert(label, ["b", 7]);
      await session.commit();
      await thread.release(session);
    };
    await insertBoth();
    await endConnections(made);
    await made.database.run("DROP TABLE sale; ALTER TABLE label DROP COLUMN size");
    await insertBoth().catch(insertBoth); // the first may meet the lost connection
    expect(await made.database.run("SELECT name FROM sale")).toEqual([{ name: "a" }]);
    expect(await made.database.run("SELECT size FROM label ORDER BY id")).toEqual([
      { size: null },
      { size: "7" },
    ]);
    await thread.close();
  });

  test("a thread declares again what is secret, and what a failure pushes", async () => {
    await using made = await makePostgres();
    using folder = makeFolder();
    const thread = threadOf(made, folder.path);
    const followUps = [
      { model: "card", method: "charge", calls: { model: "card", method: "tell" } },
    ];
    const declared = async () => ({
      marks: await made.store.redactions.declared(),
      followUps: await made.database.run("SELECT * FROM tq.follow_up"),
    });
    await thread.redactions.declare(["card"], { card: { charge: ["pin"] } });
    await thread.failures.declare(["card"], followUps);
    const before = await declared();
    expect(before.followUps.length).toBe(1);
    await endConnections(made);
    await made.database.run("DELETE FROM tq.redaction; DELETE FROM tq.follow_up");
    await thread.claim(ONE).catch(() => thread.claim(ONE));
    expect(await declared()).toEqual(before);
    await thread.close();
  });

  test("a worker says again whose tasks run where, and overrules nobody who has said it since", async () => {
    await using made = await makePostgres();
    await using worker = await makeWorkerStore(made.database.url);
    const { condition } = made.store;
    const said = { worker: true, origin: "/shop/tq.toml" };
    await worker.store.condition.rememberMode(said);
    await made.database.run("DELETE FROM tq.mode");
    await cutLives(made);
    await until(async () => expect(await condition.mode()).toEqual(said));
    const other = { worker: false, origin: "/other/tq.toml" };
    await condition.rememberMode(other);
    await worker.store.condition.rememberModeAgain();
    expect(await condition.mode()).toEqual(other);
  });

  test("a run of a task that is gone ends no other task that has its id", async () => {
    await using made = await makePostgres();
    await pushOne(made.store);
    const old = await claimFirst(made.store);
    await made.database.run(`UPDATE tq.task SET ${UNCLAIMED} WHERE id = ${old.id}`);
    const other = { worker: "worker-2", thread: 1 };
    const [young] = await made.store.claim({ ...ONE, owner: other });
    if (!young) throw new Error("there is no task");
    expect(young.id).toBe(old.id);
    expect(await made.store.write((session) => session.settle(old, FINISHED))).toBe(false);
    expect(await made.store.write((session) => session.settle(young, FINISHED))).toBe(true);
  });
});
