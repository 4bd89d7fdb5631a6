/** The connection of a run is cut, as a proxy does with those that seem idle: its task is put off, and not for ever. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../integration/support/eventually.ts";
import { MODELS } from "../integration/support/models.ts";
import type { Running } from "../integration/support/running.ts";
import { needs } from "../support/needs.ts";
import { makeShop, type Shop } from "./shop.ts";

setDefaultTimeout(60_000);

/** Ends the connection in the middle of a COMMIT. */
const CUT_AT_COMMIT = `
  CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NULL; END';
  CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON effect DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut()`;

/** A run that sends no statement any more once its file is there. */
const CUT = `
export class Cut extends Model {
  static override readonly __name__ = "cut";
  async work() { await effect(this.id); writeFileSync("written", ""); await fileIsThere("go"); }
}`;

interface Cut {
  readonly task: number;
  readonly worker: Running;
}

/** Runs a task that writes and then waits, cuts its connection, and lets it end. @param was of the task before */
async function cutRun(shop: Shop, was = "postponed = 0"): Promise<Cut> {
  shop.site.write("models.ts", `${MODELS}\n${CUT}`);
  const task = Number(await shop.run("push", "cut", "work", "7"));
  await shop.database.run(`UPDATE tq.task SET ${was} WHERE id = ${task}`);
  const worker = await shop.worker();
  await eventually("the run has written", () => shop.site.has("written"));
  const pid = await eventually("the server waits for the run", () => idleInTransaction(shop));
  await shop.database.run(`SELECT pg_terminate_backend(${pid}, 5000)`);
  shop.site.write("go", "");
  return { task, worker };
}

async function idleInTransaction(shop: Shop): Promise<number | undefined> {
  const row = await shop.one<{ pid: number }>(
    `SELECT activity.pid FROM pg_stat_activity AS activity JOIN pg_locks AS held USING (pid)
      WHERE state = 'idle in transaction' AND held.relation = to_regclass('effect') AND mode = 'RowExclusiveLock'`,
  );
  return row?.pid;
}

needs("postgres").describe("a task whose connection is cut while it runs", () => {
  test("is put off, and its attempt and the log say why", async () => {
    await using shop = await makeShop();
    const { task, worker } = await cutRun(shop);
    const { message } = await worker.says("task.postponed", { task });
    expect(message).toContain("the connection to the server was lost");
    const attempts = await shop.database.run(
      `SELECT number, outcome FROM tq.attempt WHERE task = ${task}`,
    );
    expect(attempts).toEqual([{ number: 1, outcome: "postponed" }]);
    await shop.database.run("UPDATE tq.task SET scheduled_at = 1 WHERE state = 'scheduled'"); // it may be due at once
    await shop.becomes(task, "finished");
    expect(await shop.effectsOf(7)).toBe(1);
  });

  test("fails once that has put it off twenty times", async () => {
    await using shop = await makeShop();
    const { task } = await cutRun(shop, "postponed = 20");
    await shop.becomes(task, "failed");
    expect(await shop.effectsOf(7)).toBe(0);
  });

  test("by its own commit is put off too, as the commit is not stored", async () => {
    await using shop = await makeShop();
    const worker = await shop.worker();
    const first = await shop.push("add", 1);
    await shop.becomes(first, "finished");
    await shop.database.run(CUT_AT_COMMIT);
    const task = await shop.push("add", 7);
    await worker.says("task.postponed", { task });
    expect(await shop.effectsOf(7)).toBe(0);
    await shop.database.run("DROP FUNCTION cut CASCADE");
  });

  test("is named in the log where it was one of a batch, which is undone as a whole", async () => {
    await using shop = await makeShop();
    const worker = await shop.worker();
    const push = (from: number, to: number) => shop.database.run(pushOf(from, to));
    await push(1, 60); // so many runs show that the method is quick
    await eventually("all have ended", () => worker.count("task.finished") === 60);
    await shop.database.run(CUT_AT_COMMIT);
    await push(61, 64);
    const { message } = await worker.says("log.note");
    expect(message).toMatch(
      /^The work of these tasks was undone.* each alone: 61 \(job\.add\), 62 .* 64 \(job\.add\): .*connection to the server was lost/,
    );
    await shop.database.run("DROP FUNCTION cut CASCADE");
    await shop.database.run("UPDATE tq.task SET scheduled_at = 1 WHERE state = 'scheduled'");
    await eventually("all have ended", () => worker.count("task.finished") === 64);
    expect(await shop.one("SELECT count(*)::int AS times FROM effect")).toEqual({ times: 64 });
  });
});

function pushOf(from: number, to: number): string {
  return `INSERT INTO tq_push (model, method, instances) SELECT 'job', 'add', key::text FROM generate_series(${from}, ${to}) AS key`;
}
