/** A backup takes the place of a database. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename } from "node:path";
import { claim, newTask, pushOne } from "../../support/store.ts";
import { restoreSubject } from "./subject.ts";

describe("a restored database", () => {
  test("is as the backup, and the former one stays whole under another name", async () => {
    await using subject = restoreSubject();
    await subject.use(async (store) => {
      await pushOne(store, { ref: "before" });
      await store.backup(subject.copy);
      await pushOne(store, { ref: "after" });
    });
    const { former, tasks } = subject.restore();
    expect(tasks).toMatchObject({ ready: 1, finished: 0 });
    expect(subject.rows("SELECT ref FROM tq__task")).toEqual([["before"]]);
    expect(subject.rows("SELECT ref FROM tq__task ORDER BY id", former ?? "")).toEqual([
      ["before"],
      ["after"],
    ]);
    expect(subject.rows("SELECT ref FROM tq__task", subject.copy)).toEqual([["before"]]);
    expect(readdirSync(subject.file("")).toSorted()).toEqual(
      ["copy.db", "tq.db", basename(former ?? "")].toSorted(),
    );
  });

  test("is made where there was none", async () => {
    await using subject = restoreSubject();
    await subject.use(async (store) => {
      await pushOne(store);
      await store.backup(subject.copy);
    });
    const elsewhere = subject.file("other.db");
    expect(subject.restore({ database: elsewhere })).toMatchObject({
      path: elsewhere,
      former: null,
    });
    expect(subject.rows("SELECT count(*) FROM tq__task", elsewhere)).toEqual([[1]]);
  });

  test("of which only the log was left keeps that, and names no former database", async () => {
    await using subject = restoreSubject();
    await subject.use((store) => store.backup(subject.copy));
    rmSync(subject.path);
    writeFileSync(`${subject.path}-wal`, "a log");
    const { former, former_logs } = subject.restore();
    expect(former).toBeNull();
    const names = readdirSync(subject.file("")).filter((name) => name.includes(".former-"));
    expect(former_logs.map((path) => basename(path))).toEqual(names);
    expect(names).toEqual([expect.stringMatching(/^tq\.db\.former-.*Z-wal$/)]);
  });

  test("has the permissions of the former one", async () => {
    await using subject = restoreSubject();
    await subject.use((store) => store.backup(subject.copy));
    chmodSync(subject.path, 0o640);
    chmodSync(subject.copy, 0o600);
    subject.restore();
    expect(statSync(subject.path).mode & 0o777).toBe(0o640);
  });

  test("of which the former one is lost has the permissions of a read-only backup, and may be written", async () => {
    await using subject = restoreSubject();
    await subject.use(async (store) => {
      await pushOne(store);
      await store.backup(subject.copy);
    });
    chmodSync(subject.copy, 0o440);
    rmSync(subject.path);
    subject.restore({ skip: 0 });
    expect(statSync(subject.path).mode & 0o777).toBe(0o640);
    expect(await subject.use(pushOne)).toBe(2);
  });

  test("begins with ids that the former one has not given", async () => {
    await using subject = restoreSubject();
    await subject.use(async (store) => {
      await pushOne(store);
      await store.backup(subject.copy);
      await store.push([newTask(), newTask(), newTask()]);
    });
    expect(subject.restore()).toMatchObject({ next_id: 5 });
    expect(await subject.use(pushOne)).toBe(5);
  });

  test("leaves out many ids where the former one is lost, or was made anew, and as many as told", async () => {
    await using subject = restoreSubject();
    await subject.use(async (store) => {
      await pushOne(store);
      await store.backup(subject.copy);
    });
    const elsewhere = { database: subject.file("other.db") };
    expect(subject.restore(elsewhere)).toMatchObject({ next_id: 100_002 });
    expect(subject.restore({ ...elsewhere, skip: 10 })).toMatchObject({ next_id: 12 });
    const anew = { database: subject.file("anew.db") };
    await subject.use((store) => pushOne(store), { path: anew.database });
    expect(subject.restore(anew)).toMatchObject({ next_id: 100_002 });
  });

  test("has the tasks ready that ran when the backup was made, as interrupted and no crash", async () => {
    await using subject = restoreSubject();
    await subject.use(async (store) => {
      await store.register({ id: "w1", pid: 1, threads: 2, queues: [] });
      await store.push([newTask(), newTask(), newTask(), newTask()]);
      await claim(store, { owner: { worker: "w1", thread: 1 } });
      await claim(store, { owner: { worker: "w1", thread: 2 }, limit: 2 });
      await store.backup(subject.copy);
      await store.unregister("w1");
    });
    expect(subject.restore()).toMatchObject({ interrupted: 3, tasks: { ready: 4, running: 0 } });
    await subject.use(async (store) => {
      expect(await store.workers()).toEqual([]);
      const tasks = await store.list();
      expect(tasks.map(({ crashes }) => crashes)).toEqual([0, 0, 0, 0]);
      expect(await store.attempts(1)).toMatchObject([
        { outcome: "interrupted", reason: "its database was restored", ran: null },
      ]);
      expect(await store.attempts(2)).toEqual([]); // which of the two ran is unknown
    });
  });

  test("that is held runs nothing, and catches no slot up that has passed since", async () => {
    await using subject = restoreSubject();
    const definition = JSON.stringify({ schedule: "every 1h", task: "night.run", missed: "all" });
    await subject.use(async (store) => {
      await pushOne(store);
      await store.cron.add("database", { name: "hourly", definition });
      await store.cron.decide("hourly", () => ({ slots: [], decidedUntil: 3_600_000 }));
      await store.backup(subject.copy);
    });
    subject.restore({ hold: true });
    await subject.use(async (store) => {
      expect(await claim(store)).toEqual([]);
      expect(await store.pauses.list()).toMatchObject([
        { kind: "queue", name: "*", reason: expect.stringMatching(/^restored from a backup of /) },
      ]);
      const [row] = await store.cron.rows();
      expect(row?.decidedUntil).toBeGreaterThan(Date.now() - 60_000);
      expect(await store.cron.slots("hourly", 5)).toMatchObject([
        {
          outcome: "missed",
          firstSlot: 7_200_000,
          reason: expect.stringContaining("it passed before a backup was restored"),
        },
      ]);
      await store.pauses.resume({ kind: "queue", name: "*" });
      expect(await claim(store)).toHaveLength(1);
    });
  });

  test("that is not held runs its tasks, and slots that have passed since are still to be decided", async () => {
    await using subject = restoreSubject();
    const definition = JSON.stringify({ schedule: "every 1h", task: "night.run" });
    await subject.use(async (store) => {
      await pushOne(store);
      await store.cron.add("database", { name: "hourly", definition });
      await store.cron.decide("hourly", () => ({ slots: [], decidedUntil: 3_600_000 }));
      await store.backup(subject.copy);
    });
    subject.restore();
    await subject.use(async (store) => {
      expect(await claim(store)).toHaveLength(1);
      expect(await store.cron.rows()).toMatchObject([{ decidedUntil: 3_600_000 }]);
    });
  });

  test("sends no alert of failures from before the backup", async () => {
    await using subject = restoreSubject();
    const channel = "command x";
    const definitions = [{ key: channel, queues: [], tasks: [] }] as const;
    const take = { worker: "w1", origin: "", definitions, every: 0, limit: 10, channel } as const;
    await subject.use(async (store) => {
      await store.failures.watch("", take.definitions);
      await store.failures.trouble("no thread can start");
      expect(await store.failures.take(take)).toMatchObject({ kind: "alert", count: 1 });
      await store.backup(subject.copy);
    });
    subject.restore();
    await subject.use(async (store) => {
      expect(await store.failures.take(take)).toEqual({ kind: "none" });
      await store.failures.trouble("no thread can start");
      expect(await store.failures.take(take)).toMatchObject({ kind: "alert", count: 1 });
    });
  });

  test("is not of an old log that lay beside the former one", async () => {
    await using subject = restoreSubject();
    await subject.use(async (store) => {
      await pushOne(store, { ref: "kept" });
      await store.backup(subject.copy);
      using shell = new Database(subject.path);
      shell.run("PRAGMA wal_checkpoint(TRUNCATE)"); // the log has the later changes alone
      await store.push(Array.from({ length: 100 }, () => newTask()));
      // This process is refused it, as other means than SQLite's would drop locks.
      Bun.spawnSync(["cp", `${subject.path}-wal`, subject.file("old-log")]);
    });
    copyFileSync(subject.file("old-log"), `${subject.path}-wal`);
    writeFileSync(
      subject.path,
      "not SQLite, whatever it was before; it is long enough for a header".repeat(20),
    );
    const { former } = subject.restore();
    expect(subject.rows("SELECT ref FROM tq__task")).toEqual([["kept"]]);
    expect(existsSync(`${subject.path}-wal`)).toBe(false);
    expect(statSync(`${former}-wal`).size).toBe(statSync(subject.file("old-log")).size);
    expect(await Bun.file(former ?? "").text()).toStartWith("not SQLite, whatever it was before");
  });

  test("of a backup that an older tq has made has the schema of this one", async () => {
    await using subject = restoreSubject();
    const first = await Bun.file(
      `${import.meta.dir}/../../../src/sqlite/migrations/001.sql`,
    ).text();
    using older = new Database(subject.copy);
    older.run(first);
    older.run("INSERT INTO tq_push (model, method, instances) VALUES ('sale', 'process', '7')");
    older.close();
    expect(subject.restore({ hold: true })).toMatchObject({ tasks: { ready: 1 } });
    await subject.use(async (store) => {
      expect(await store.list()).toMatchObject([{ model: "sale" }]);
      expect(await store.pauses.list()).toHaveLength(1);
    });
  });
});
