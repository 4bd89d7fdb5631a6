/** Statements whose answers are lost with their connection: the server may have done what they ask or not. */
import { expect, spyOn, test } from "bun:test";
import { Connection } from "../../src/postgres/connection.ts";
import { needs } from "../support/needs.ts";
import { makePostgres, type TestPostgres } from "../support/postgres.ts";
import { OWNER, pushOne } from "../support/store.ts";
import { openThread, THREAD_NAME } from "./support.ts";

const END_THREAD = `
  SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = '${THREAD_NAME}'`;
const NEXT = { owner: OWNER, queues: [], limit: 1 };
const PAUSE = { kind: "queue", name: "other", by: "", reason: null, until: null } as const;

const STEP = "step";

/** Loses the answer to the commit of this number, which the server has done. */
function loseCommit({ database }: TestPostgres, number: number) {
  const step = Connection.prototype[STEP];
  let commits = 0;
  return spyOn(Connection.prototype, STEP).mockImplementation(async function (
    this: Connection,
    name,
  ) {
    const answer = await step.call(this, name);
    if (name !== "commit" || ++commits !== number) return answer;
    await database.run(END_THREAD);
    return step.call(this, name); // it meets the lost connection
  });
}

needs("postgres").describe("a commit on PostgreSQL that went through", () => {
  test("is not said to be uncertain where the answer to the claim after it is lost", async () => {
    await using pg = await makePostgres();
    await using thread = openThread(pg);
    const { store } = thread;
    await pushOne(pg.store);
    const [task] = await store.claim(NEXT);
    if (!task) throw new Error("there is no task");
    const next = await pushOne(pg.store);
    await pg.store.write((session) => session.pause(PAUSE)); // so that the claim is one with care
    const session = store.session();
    await session.begin();
    session.finishAtCommit(task, null, null);
    using _losing = loseCommit(pg, 2);
    expect(await session.commit({ handBack: [], claim: NEXT })).toEqual([]);
    await store.release(session);
    expect(await pg.store.get(task.id)).toMatchObject({ state: "finished" });
    expect(await pg.store.get(next)).toMatchObject({ state: "running" });
    expect(await store.claim(NEXT)).toMatchObject([{ id: next }]); // it has put back what it held
  });
});
