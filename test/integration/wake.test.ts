/** Waking on the real thing: slow flushes, WALs that change, file systems that say nothing, many at once. */
import { describe, expect, setDefaultTimeout } from "bun:test";
import { needs } from "../support/needs.ts";
import { SOON_MS, eventually } from "./support/eventually.ts";
import { siteWithModels } from "./support/models.ts";
import type { Running } from "./support/running.ts";
import { type Site, TQ } from "./support/site.ts";

setDefaultTimeout(30_000);

/** A program that pushes, waits for the task and a little more, and pushes again; it says when each was committed. */
const PUSHER = `
import sqlite3, sys, time
count, flush, pause = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
db = sqlite3.connect("tq.db", isolation_level=None)
db.execute("PRAGMA busy_timeout = 10000")
db.execute("PRAGMA synchronous = " + flush)
for n in range(count):
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO tq_push (model, method, instances) VALUES ('job', 'add', '7')")
    (task,) = db.execute("SELECT max(id) FROM tq__task").fetchone()
    db.execute("COMMIT")
    print(task, time.time() * 1000, flush=True)
    while db.execute("SELECT finished_at FROM tq__task WHERE id = ?", (task,)).fetchone()[0] is None:
        time.sleep(0.001)
    time.sleep(pause)
`;

const TRACE = "trace.txt";

/** strace makes the calls of a program slow, or answers them itself. */
function strace(calls: string, injection: string, ...command: string[]): string[] {
  const inject = ["-e", `trace=${calls}`, "-e", `inject=${calls}:${injection}`];
  return ["strace", "-D", "-f", "--seccomp-bpf", "-qq", ...inject, "-o", TRACE, ...command];
}

function pusher(count: number, flush: "FULL" | "OFF" = "FULL", pause = 0): string[] {
  return ["python3", "-c", PUSHER, String(count), flush, String(pause)];
}

/** ms from the commits to the starts of their tasks, in ascending order. */
async function delays(site: Site, ...pushers: Running[]): Promise<number[]> {
  const lines: string[] = [];
  for (const running of pushers) {
    const { code, stdout, stderr } = await running.ended(25_000);
    expect([code, stderr]).toEqual([0, ""]);
    lines.push(...stdout.trim().split("\n"));
  }
  return lines
    .map((line) => {
      const [task = 0, committed = 0] = line.split(" ").map(Number);
      return Number(site.task(task).dequeued_at) - committed;
    })
    .toSorted((a, b) => a - b);
}

function median(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? Infinity;
}

describe("an idle worker starts each push soon after its commit", () => {
  needs("strace", "python3").test(
    "when the flush takes 50 ms, long after the write that wakes it",
    async () => {
      await using site = siteWithModels();
      await site.worker(["-n", "2"]);
      const slow = strace("fsync,fdatasync", "delay_enter=50000", ...pusher(20));
      const sorted = await delays(site, site.spawn(slow));
      expect(sorted.length).toBe(20);
      expect(median(sorted)).toBeLessThan(100);
      expect(sorted.at(-1)).toBeLessThan(SOON_MS);
    },
  );

  needs("strace", "python3").test("when the flush takes 2.5 s", async () => {
    await using site = siteWithModels();
    await site.worker(["-n", "1"]);
    const slow = strace("fsync,fdatasync", "delay_enter=2500000", ...pusher(1));
    expect((await delays(site, site.spawn(slow))).at(-1)).toBeLessThan(SOON_MS);
  });

  needs("python3").test(
    "when many push at once while its threads go idle and come back",
    async () => {
      await using site = siteWithModels();
      const worker = await site.worker(["-n", "3"]);
      const pushers = Array.from({ length: 4 }, () => site.spawn(pusher(100, "OFF")));
      const sorted = await delays(site, ...pushers);
      expect(sorted.length).toBe(400);
      expect(median(sorted)).toBeLessThan(100);
      expect(sorted.at(-1)).toBeLessThan(SOON_MS);
      expect(worker.count("task.started")).toBe(400);
      expect(site.effectsOf(7)).toBe(400);
    },
  );

  needs("sqlite3").test(
    "when the log is emptied, the file is rewritten, or a program would change its mode",
    async () => {
      await using site = siteWithModels();
      const worker = await site.worker(["-n", "1"]);
      const shell = (sql: string) =>
        site.spawn(["sqlite3", "-cmd", ".timeout 5000", site.file("tq.db"), sql]).ended();
      const changes = ["PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA journal_mode = DELETE"];
      for (const sql of ["SELECT 1", ...changes, ...changes]) {
        const { code, stderr } = await shell(sql);
        if (sql.includes("DELETE")) expect(stderr).toContain("database is locked");
        else expect([sql, code, stderr]).toEqual([sql, 0, ""]);
        // By tq push, a program that opens the database anew and is the last to close it but the worker.
        const [id = 0] = await site.push("job", "add", "1");
        await worker.says("task.finished", { task: id });
        const { enqueued_at, dequeued_at } = site.task(id);
        expect(Number(dequeued_at) - enqueued_at).toBeLessThan(SOON_MS);
      }
    },
  );

  const deaf = [
    ["has no watch to give", "error=ENOSPC"],
    ["takes the watch and sends no events", "retval=1"],
  ] as const;

  for (const [name, injection] of deaf)
    needs("strace", "python3").test(`when the file system ${name}`, async () => {
      await using site = siteWithModels();
      const worker = site.spawn(strace("inotify_add_watch", injection, TQ, "worker", "-n", "1"));
      await worker.says("worker.started");
      const sorted = await delays(site, site.spawn(pusher(8, "OFF", 0.31)));
      expect(site.read(TRACE)).toContain("(INJECTED)");
      expect(median(sorted)).toBeLessThan(100);
      expect(sorted.at(-1)).toBeLessThan(SOON_MS);
      worker.kill("SIGTERM");
      await eventually("it has stopped", () => worker.find("worker.stopped"));
    });
});
