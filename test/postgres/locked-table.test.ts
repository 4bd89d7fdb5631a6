/** Somebody locks tq's own tables, as ALTER TABLE and VACUUM FULL do: all wait, and nothing is ended or done twice. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../integration/support/eventually.ts";
import { needs } from "../support/needs.ts";
import { makeShop } from "./shop.ts";

setDefaultTimeout(60_000);

/** Longer than a worker lives on without an answer of the server: ms. */
const HELD_MS = 4_500;

/** The only one. */
function findingsOf(stdout: string): string {
  const { findings } = JSON.parse(stdout) as { findings: { check: string; message: string }[] };
  expect(findings.map(({ check }) => check)).toEqual(["database"]);
  return findings[0]?.message ?? "";
}

const STORED = "SELECT id::int FROM tq.task";

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
    expect(stderr).toMatch(
      /Cannot write to \S+: pid \d+ of the server \(.*role tq\) has locked for \S+ \w+ what this one needs \(.*\); end it in its program, or by SELECT pg_terminate_backend\(\d+\), or raise database.timeout/,
    );
    await locker.unsafe("COMMIT").simple();
    await locker.close();
    expect(await shop.one("SELECT id FROM tq.task")).toBeUndefined();
  });

  test("looks say that they cannot read, and who holds it; the doctor then says that alone", async () => {
    await using shop = await makeShop();
    await shop.push("add", 1);
    const locker = new Bun.SQL(shop.database.url, {
      max: 1,
      connection: { application_name: "psql" },
    });
    await locker.unsafe("BEGIN; LOCK TABLE tq.task IN ACCESS EXCLUSIVE MODE").simple();
    const [{ pid } = { pid: 0 }] = await locker`SELECT pg_backend_pid() AS pid`;
    const holder = `pid ${pid} of the server ("psql", role tq) has locked`;
    for (const look of [["list"], ["status"], ["why", "1"], ["doctor", "--json"]]) {
      const { stdout, stderr } = await shop.tried(look, { TQ_DATABASE__TIMEOUT: "300ms" });
      const said = look[0] === "doctor" ? findingsOf(stdout) : stderr;
      expect(said).toContain("Cannot read postgresql://");
      expect(said).toContain(holder);
    }
    await locker.unsafe("COMMIT").simple();
    await locker.close();
  });

  test("a push that waits for its task says that it is stored, and ends as where a database does not answer", async () => {
    await using shop = await makeShop();
    const env = { ...shop.options.env, TQ_DATABASE__TIMEOUT: "100ms" };
    const push = shop.site.start(["push", "job", "add", "1", "--wait"], { env });
    await eventually("the task is stored", async () => Boolean(await shop.one(STORED)));
    const locker = new Bun.SQL(shop.database.url, { max: 1 });
    await locker.unsafe("BEGIN; LOCK TABLE tq.task IN ACCESS EXCLUSIVE MODE").simple();
    const { code, stderr } = await push.ended();
    await locker.unsafe("COMMIT").simple();
    await locker.close();
    const { id } = (await shop.one<{ id: number }>(STORED)) ?? {};
    expect({ code, stderr }).toMatchObject({ code: 5 });
    expect(stderr).toContain(`Pushed ${id}, and cannot look further: Cannot read `);
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
