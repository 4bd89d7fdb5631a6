/** Bad input and a bad database: a sentence, nothing half-written, and work goes on when the cause is gone. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Database } from "bun:sqlite";
import { needs } from "../support/needs.ts";
import { eventually } from "./support/eventually.ts";
import { siteWithModels } from "./support/models.ts";
import type { Running } from "./support/running.ts";
import { Site } from "./support/site.ts";

setDefaultTimeout(30_000);

describe("a worker does not start", () => {
  test("without models", async () => {
    await using site = new Site();
    const { code, stderr } = await site.run("worker");
    expect(code).toBe(7);
    expect(stderr).toContain("there is no models.ts and no models folder here; write one");
    expect(site.has("tq.db")).toBe(false);
  });

  test("with a models file that is not there", async () => {
    await using site = new Site();
    const { code, stderr } = await site.run("worker", "--models", "shop.ts");
    expect(code).toBe(7);
    expect(stderr).toContain(`Cannot load models from ${site.file("shop.ts")}: it does not exist`);
    expect(stderr).not.toContain("    at ");
  });

  test("with models that throw when they are loaded", async () => {
    await using site = new Site();
    site.write("models.ts", `throw new Error("no licence");\nexport {};\n`);
    const { code, stderr } = await site.run("worker");
    expect(code).toBe(7);
    expect(stderr).toContain(`Cannot load models from ${site.file("models.ts")}`);
    expect(stderr).toContain("no licence");
  });

  test("with models that are not TypeScript", async () => {
    await using site = new Site();
    site.write("models.ts", `export class {`);
    const { code, stderr } = await site.run("worker");
    expect(code).toBe(7);
    expect(stderr).toContain(`Cannot load models from ${site.file("models.ts")}`);
  });

  test("with two classes of one name, and names both files", async () => {
    await using site = new Site();
    for (const file of ["a", "b"]) {
      site.write(
        `models/${file}.ts`,
        `import { Model } from "tq";\nexport class Job extends Model { static override __name__ = "job"; }\n`,
      );
    }
    const { code, stderr } = await site.run("worker");
    expect(code).toBe(7);
    expect(stderr).toContain(site.file("models/a.ts"));
    expect(stderr).toContain(site.file("models/b.ts"));
  });

  test("on a file that is no database, which stays as it is", async () => {
    await using site = siteWithModels();
    site.write(
      "tq.db",
      "Dear Sir or Madam, this is a letter and no database at all.\n".repeat(100),
    );
    const { code, stderr } = await site.run("worker");
    expect(code).toBe(6);
    expect(stderr).toContain(site.file("tq.db"));
    expect(site.read("tq.db")).toStartWith("Dear Sir");
  });
});

describe("a task that cannot run fails with a sentence, and the worker goes on", () => {
  test.each([
    ["args", "{broken", "its args cannot be read"],
    ["args", "42", "its args must be a list"],
    ["instances", '"x"', "its instances must be an id or a list of ids"],
    ["context", "[1]", "its context must be an object"],
  ])("when somebody set its %s to %s by hand", async (column, value, sentence) => {
    await using site = siteWithModels();
    const damaged = await site.pushOne("job", "add", "1");
    const healthy = await site.pushOne("job", "add", "2");
    writable(site, (db) =>
      db.query(`UPDATE tq__task SET ${column} = ? WHERE id = ?`).run(value, damaged),
    );
    expect((await site.run("worker", "-n", "1", "--drain")).code).toBe(1);
    expect(site.task(damaged).state).toBe("failed");
    expect(site.task(damaged).reason).toContain(sentence);
    expect(site.task(healthy).state).toBe("finished");
    const shown = await site.run("show", String(damaged), "--json");
    expect(JSON.parse(shown.stdout)).toMatchObject({ id: damaged, state: "failed" });
  });

  test("when its model or method is not there", async () => {
    await using site = siteWithModels();
    const worker = await site.worker();
    writable(site, (db) => {
      const insert = db.query("INSERT INTO tq_push (model, method, instances) VALUES (?, ?, '1')");
      insert.run("jib", "add");
      insert.run("job", "ad");
      insert.run("job", "constructor");
      insert.run("job", "add");
    });
    await worker.says("task.finished", { task: 4 });
    const reasons = [1, 2, 3].map((id) => site.task(id).reason);
    expect(reasons[0]).toContain('there is no model "jib" here; did you mean');
    expect(reasons[1]).toContain('the model job has no method "ad"; did you mean');
    expect(reasons[2]).toContain('the model job has no method "constructor"');
  });
});

function writable(site: Site, work: (db: Database) => void): void {
  using db = site.connect();
  work(db);
}

/** Another program that holds the database until the file `open` is there. */
async function lockedDatabase(site: Site) {
  return (await readyToLock(site))();
}

/** The same, to be locked in a few ms. */
async function readyToLock(site: Site) {
  const locker = site.spawn([
    "python3",
    "-c",
    `
import os, sqlite3, time
db = sqlite3.connect("tq.db", isolation_level=None)
db.execute("PRAGMA busy_timeout = 5000")
print("ready", flush=True)
while not os.path.exists("lock"): time.sleep(0.001)
db.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
while not os.path.exists("open"): time.sleep(0.005)
db.execute("ROLLBACK")
`,
  ]);
  await eventually("it is ready", () => locker.stdout.includes("ready"));
  return async () => {
    site.write("lock", "");
    await eventually("it is locked", () => locker.stdout.includes("locked"));
    return {
      open: async () => {
        site.write("open", "");
        await locker.ended();
      },
    };
  };
}

/** No stack, no code frame: nothing but the log's lines. */
function expectOnlyLog({ stderr }: Running): void {
  expect(stderr.split("\n").filter((line) => line !== "" && !line.startsWith("{"))).toEqual([]);
}

/** Locked for longer than a worker waits, without a long test. */
const IMPATIENT = { env: { TQ_DATABASE__TIMEOUT: "100ms", TQ_DATABASE__RETRY: "0" } };

needs("python3").describe(
  "while another program holds the database for longer than the timeout",
  () => {
    test("the worker says so, goes on afterwards, and loses nothing", async () => {
      await using site = siteWithModels();
      const worker = await site.worker(["-n", "2"], IMPATIENT);
      const running = await site.pushOne("job", "linger", "1");
      await worker.says("task.started", { task: running });
      const locked = await lockedDatabase(site);
      site.write("go", "");
      await eventually(
        "the trouble is in the log",
        () => worker.find("store.failed") ?? worker.find("task.postponed"),
      );
      await locked.open();

      const more = await site.push("job", "add", "2,3,4", "--batch", "1");
      for (const id of more) await site.becomes(id, "finished");
      // A task that met the lock is tried again within 10 s; here it is asked for at once.
      await eventually("it is put back", () => site.task(running).state !== "running");
      await site.becomes(running, "finished", 12_000);
      expect([...site.effects()]).toEqual([1, 2, 3, 4].map((key) => [key, 1]));
    });

    test("a thread may die: its task is put back when the database opens, and counts its crash", async () => {
      await using site = siteWithModels();
      const worker = await site.worker(["-n", "2"], IMPATIENT);
      const id = await site.pushOne("job", "exitWhen", "1");
      await worker.says("task.started", { task: id });
      const locked = await lockedDatabase(site);
      site.write("go", "");
      // Long enough for the first tries to put it back to fail.
      await eventually("it cannot be put back", () => /Cannot put back/.test(worker.stderr));
      // The second try, a second later, must fail as well.
      expect((await site.spawn(["sleep", "1.2"]).ended()).code).toBe(0);
      await locked.open();
      await worker.says("task.poisoned", { task: id, crashes: 3 });
      expectOnlyLog(worker);
      await site.becomes(await site.pushOne("job", "add", "2"), "finished");
      expect(worker.find("worker.stopped")).toBeUndefined();
      expect([...site.effects()]).toEqual([[2, 1]]);
    });

    test("the worker can be stopped, and its tasks are run by the next one", async () => {
      await using site = siteWithModels();
      const worker = await site.worker(["-n", "1", "--grace", "100ms"], IMPATIENT);
      const id = await site.pushOne("job", "linger", "1");
      await worker.says("task.started", { task: id });
      const locked = await lockedDatabase(site);
      worker.kill("SIGTERM");
      expect((await worker.ended(8000)).code).toBe(0);
      expectOnlyLog(worker);
      await locked.open();
      site.write("go", "");
      expect((await site.run("worker", "--drain")).code).toBe(0);
      expect(site.task(id)).toMatchObject({ state: "finished", crashes: 0 });
      expect([...site.effects()]).toEqual([[1, 1]]);
    });

    test("what waits behind a slow task is given back when the database opens, not when that task ends", async () => {
      await using site = siteWithModels();
      const worker = await site.worker(["-n", "1"], IMPATIENT);
      const lock = await readyToLock(site);
      await site.pauseUnlocked(worker);
      const push = (method: string, count: number) => {
        const ids = Array.from({ length: count }, (_, index) => `${index + 1}`).join();
        writable(site, (db) =>
          db.run(
            `INSERT INTO tq_push (model, method, instances) SELECT 'job', '${method}', value FROM json_each('[${ids}]')`,
          ),
        );
      };
      push("threadAge", 200);
      push("linger", 1);
      push("threadAge", 200);
      worker.kill("SIGCONT");
      await worker.says("task.started", { task: 201 });
      const locked = await lock();
      const held = () =>
        site.one<{ held: number }>(
          "SELECT count(*) AS held FROM tq_tasks WHERE state = 'running' AND id <> 201",
        ).held;
      await eventually("it cannot give them back", () => /Cannot give back/.test(worker.stderr));
      await locked.open();
      await eventually("they are given back", () => held() === 0);
      expect(site.task(201).state).toBe("running");
      site.write("go", "");
      await site.becomes(401, "finished");
      expect(
        site.all("SELECT id FROM tq_tasks WHERE state <> 'finished' OR attempts <> 1"),
      ).toEqual([]);
    });

    test("tq push says who is to blame and stores nothing", async () => {
      await using site = siteWithModels();
      await site.push("job", "add", "1");
      const locked = await lockedDatabase(site);
      const { code, stderr } = await site
        .start(["push", "job", "add", "2"], { env: { TQ_DATABASE__TIMEOUT: "100ms" } })
        .ended();
      expect(code).toBe(5);
      expect(stderr).toContain(site.file("tq.db"));
      await locked.open();
      expect(site.one("SELECT count(*) AS tasks FROM tq__task")).toEqual({ tasks: 1 });
    });
  },
);

test("a connection of a task's own that keeps the lock goes with its thread, and counts a crash", async () => {
  await using site = siteWithModels();
  const env = { ...IMPATIENT.env, TQ_WORKER__LOCK_TIMEOUT: "300ms" };
  const worker = await site.worker(["-n", "2"], { env });
  const id = await site.pushOne("job", "keepLock", "1");
  await worker.says("task.poisoned", { task: id, crashes: 3 });
  await site.becomes(await site.pushOne("job", "add", "2"), "finished");
  expect(site.task(id).reason).toContain("maybe by a connection of a task's own");
  expectOnlyLog(worker);
});

test("what goes on after its task and keeps the lock goes with its thread; no task is to blame", async () => {
  await using site = siteWithModels();
  const env = { ...IMPATIENT.env, TQ_WORKER__LOCK_TIMEOUT: "300ms" };
  const worker = await site.worker(["-n", "1"], { env });
  const id = await site.pushOne("job", "leaveTransaction", "1");
  await site.becomes(id, "finished");
  await eventually(
    "its thread is replaced",
    () => /something that one of its tasks left behind/.test(worker.stderr),
    15_000,
  );
  await site.becomes(await site.pushOne("job", "add", "2"), "finished");
  expect(site.all("SELECT id FROM tq_tasks WHERE crashes > 0")).toEqual([]);
  expect([...site.effects()]).toEqual([[2, 1]]);
});
