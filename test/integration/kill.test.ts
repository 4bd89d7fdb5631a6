/** Workers that are killed or stopped: their tasks are rescued, each has its effect once. */
import { readFileSync } from "node:fs";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { IS_POSTGRES } from "../support/tested-store.ts";
import { SOON_MS, eventually } from "./support/eventually.ts";
import { siteWithModels } from "./support/models.ts";
import type { LogLine } from "./support/running.ts";

setDefaultTimeout(30_000);

describe("a worker that is killed with SIGKILL", () => {
  test("has its running task started again by another soon, and its effect once", async () => {
    await using site = siteWithModels();
    const first = await site.worker();
    const id = await site.pushOne("job", "linger", "1");
    await first.says("task.started", { task: id });
    const second = await site.worker();

    const killed = performance.now();
    first.kill("SIGKILL");
    await second.says("task.started", { task: id });
    expect(performance.now() - killed).toBeLessThan(5_000); // tq torture measures it
    expect(second.find("worker.rescued", { pid: first.pid, tasks: 1 })).toBeDefined();
    expect(site.task(id)).toMatchObject({ state: "running", attempts: 1 });

    site.write("go", "");
    expect(await site.becomes(id, "finished")).toMatchObject({ attempts: 2, crashes: 0 });
    expect(site.effectsOf(1)).toBe(1);
  });

  test("has its running task started at once by a worker that starts later", async () => {
    await using site = siteWithModels();
    const first = await site.worker();
    const id = await site.pushOne("job", "wait", "1");
    await first.says("task.started", { task: id });
    first.kill("SIGKILL");
    await first.exited;
    site.write("go", "");
    const second = await site.worker();
    await second.says("task.finished", { task: id });
    const started = second.find("worker.started");
    const finished = second.find("task.finished", { task: id });
    expect(timeOf(finished) - timeOf(started)).toBeLessThan(SOON_MS);
    expect(site.effectsOf(1)).toBe(1);
    expect(site.task(id)).toMatchObject({ state: "finished", attempts: 2 });
  });

  test("leaves the live slow task of another worker where it is", async () => {
    await using site = siteWithModels();
    const slow = await site.worker(["-n", "1", "--queue", "slow"]);
    const id = await site.pushOne("job", "linger", "1", "--queue", "slow");
    await slow.says("task.started", { task: id });
    const dying = await site.worker(["-n", "1", "--queue", "dying"]);
    const other = await site.pushOne("job", "linger", "2", "--queue", "dying");
    await dying.says("task.started", { task: other });
    const third = await site.worker();
    dying.kill("SIGKILL");
    await third.says("task.started", { task: other });
    site.write("go", "");
    await site.becomes(other, "finished");
    expect(await site.becomes(id, "finished")).toMatchObject({ attempts: 1 });
    expect([...site.effects()]).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  test("leaves suspects that run one at a time, and threads that wait for them cost nothing", async () => {
    await using site = siteWithModels();
    const first = await site.worker(["-n", "2"]);
    const ids = await site.push("job", "linger", "1,2", "--batch", "1");
    for (const id of ids) await first.says("task.started", { task: id });
    await first.end();

    const second = await site.worker(["-n", "3"]);
    const [one = 0, two = 0] = ids;
    await second.says("task.started", { task: one });
    const before = cpuTime(second.pid);
    await site.becomes(await site.pushOne("job", "sleep", "3", "--args", "[700]"), "finished");
    expect(cpuTime(second.pid) - before).toBeLessThan(500); // a thread that spins takes 700 more
    expect(site.task(two).state).toBe("ready");

    site.write("go", "");
    for (const id of ids) expect(await site.becomes(id, "finished")).toMatchObject({ crashes: 0 });
  });

  test("leaves no process behind", async () => {
    await using site = siteWithModels();
    const worker = await site.worker(["-n", "3"], { detached: true });
    const id = await site.pushOne("job", "wait", "1");
    await worker.says("task.started", { task: id });
    worker.kill("SIGKILL");
    await worker.exited;
    expect(() => process.kill(-worker.pid, 0)).toThrow();
  });
});

describe("a worker that is stopped with SIGSTOP", () => {
  test("keeps its task beside a live worker, and finishes it once when it goes on", async () => {
    await using site = siteWithModels();
    const stopped = await site.worker(["-n", "1", "--queue", "a"]);
    const id = await site.pushOne("job", "linger", "1", "--queue", "a");
    await stopped.says("task.started", { task: id });
    const { claim } = site.task(id);
    const other = await site.worker();
    await site.pauseUnlocked(stopped);
    site.write("go", "");
    // The other worker looks for the dead twice a second; it has looked when its own tasks have slept so long.
    const seen = await site.pushOne("job", "sleep", "2", "--args", "[1200]");
    await site.becomes(seen, "finished");
    expect(site.task(id)).toMatchObject({ state: "running", claim });
    expect(other.find("worker.rescued")).toBeUndefined();

    stopped.kill("SIGCONT");
    expect(await site.becomes(id, "finished")).toMatchObject({ claim, attempts: 1 });
    expect(site.effectsOf(1)).toBe(1);
  });
});

describe("rounds of kill and restart with pushes in between", () => {
  test("lose no acknowledged push and apply none twice", async () => {
    await using site = siteWithModels();
    const acknowledged = new Map<number, number>();
    let key = 0;
    for (let round = 0; round < 5; round++) {
      const worker = await site.worker(["-n", "2"]);
      const keys = Array.from({ length: 40 }, () => ++key);
      const pushing = site.push("job", "add", JSON.stringify(keys), "--batch", "1").then((ids) => {
        ids.forEach((id, index) => acknowledged.set(id, keys[index] ?? 0));
      });
      if (round % 2 === 0) await pushing;
      await eventually("a few are done", () => worker.count("task.finished") > round);
      worker.kill("SIGKILL");
      await worker.exited;
      await pushing;
    }
    expect((await site.run("worker", "-n", "2", "--drain")).code).toBe(0);
    expect(acknowledged.size).toBe(key);
    const effects = site.effects();
    for (const pushed of acknowledged.values())
      expect([pushed, effects.get(pushed)]).toEqual([pushed, 1]);
    expect(effects.size).toBe(key);
    if (!IS_POSTGRES) {
      expect(site.one("PRAGMA integrity_check")).toEqual({ integrity_check: "ok" });
    }
    expect(site.all("SELECT id FROM tq__worker")).toEqual([]);
  });
});

/** ms that the process has used of a core; the kernel counts in hundredths of a second. */
function cpuTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function timeOf(line: LogLine | undefined): number {
  return Date.parse(String(line?.["time"]));
}
