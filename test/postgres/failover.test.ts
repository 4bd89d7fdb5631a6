/** A standby that has taken over may lack the last commits: what it says of tasks is from before them. */
import { expect, test } from "bun:test";
import { PostgresThreadStore } from "../../src/postgres/worker-store.ts";
import type { ClaimedTask } from "../../src/task.ts";
import { makeFolder } from "../support/folder.ts";
import { makePostgres, type TestPostgres } from "../support/postgres.ts";
import { needs } from "../support/needs.ts";
import { claimFirst, OWNER, pushOne, UNWATCHED } from "../support/store.ts";

const APPLICATION = "tq thread";
const FINISHED = { kind: "finished", result: null, reason: null } as const;
const ONE = { owner: OWNER, queues: [], limit: 1 };

/** The task as it was before its claim was committed. */
const UNCLAIMED = "state = 'ready', claim = 0, attempts = 0, finished_at = NULL, worker = NULL";

/** The task as it was before its end was committed. */
function stillClaimed({ claim }: ClaimedTask): string {
  return `state = 'running', claim = ${claim}, attempts = 0, finished_at = NULL, worker = '${OWNER.worker}', thread = ${OWNER.thread}`;
}

/** Ends the thread's connections, and takes the task back to how it was. */
async function failover({ database }: TestPostgres, { id }: ClaimedTask, was: string) {
  await database.run(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE starts_with(application_name, '${APPLICATION}')`,
  );
  await database.run(`UPDATE tq.task SET ${was} WHERE id = ${id}`);
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
