/** Somebody locks tq's own tables, as ALTER TABLE and VACUUM FULL do: all wait, and nothing is ended or done twice. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../integration/support/eventually.ts";
import { needs } from "../support/needs.ts";
import { makeShop } from "./shop.ts";

setDefaultTimeout(60_000);

/** Longer than a worker lives on without an answer of the server: ms. */
const HELD_MS = 4_500;

needs("postgres").describe("a lock of the whole table of tasks", () => {
  test("does not end what a worker runs, however long it lasts; the task then ends after its first run", async () => {
    await using shop = await makeShop();
    const worker = await shop.worker(1);
    const id = await shop.push("linger", 7);
    await worker.says("task.started", { task: id });
    const locker = new Bun.SQL(shop.database.url, { max: 1 });
    const began = performance.now();
    await locker.unsafe("BEGIN; LOCK TABLE tq.task IN ACCESS EXCLUSIVE MODE").simple();
    await eventually("the lock has lasted", () => performance.now() - began > HELD_MS);
    await locker.unsafe("COMMIT").simple();
    await locker.close();
    shop.site.write("go", "");
    await worker.says("task.finished", { task: id });
    expect(worker.log.map(({ event }) => event)).not.toContain("task.interrupted");
    expect(await shop.one(`SELECT attempts FROM tq.task WHERE id = ${id}`)).toEqual({
      attempts: 1,
    });
    expect(await shop.effectsOf(7)).toBe(1);
  });

  test("a push that meets it says what it waited for, and is not stored", async () => {
    await using shop = await makeShop();
    const locker = new Bun.SQL(shop.database.url, { max: 1 });
    await locker.unsafe("BEGIN; LOCK TABLE tq.task IN ACCESS EXCLUSIVE MODE").simple();
    const env = { TQ_DATABASE__TIMEOUT: "100ms" };
    const { code, stderr } = await shop.tried(["push", "job", "add", "1"], env);
    expect({ code, stderr }).toMatchObject({ code: 5 });
    expect(stderr).toContain("another transaction has a row or table that this one needs");
    await locker.unsafe("COMMIT").simple();
    await locker.close();
    expect(await shop.one("SELECT id FROM tq.task")).toBeUndefined();
  });

  test("a push that meets the role's statement_timeout says so, and is not stored", async () => {
    await using shop = await makeShop();
    const locker = new Bun.SQL(shop.database.url, { max: 1 });
    await locker.unsafe("BEGIN; LOCK TABLE tq.task IN ACCESS EXCLUSIVE MODE").simple();
    const env = { PGOPTIONS: "-c statement_timeout=100" };
    const { code, stderr } = await shop.tried(["push", "job", "add", "1"], env);
    expect({ code, stderr }).toMatchObject({ code: 5 });
    expect(stderr).toContain("raise the statement_timeout of its user or database");
    await locker.unsafe("COMMIT").simple();
    await locker.close();
    expect(await shop.one("SELECT id FROM tq.task")).toBeUndefined();
  });
});
