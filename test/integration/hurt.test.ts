/** Tasks that hurt: their thread, their worker, never the tasks beside them. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { IS_POSTGRES } from "../support/tested-store.ts";
import { eventually } from "./support/eventually.ts";
import { siteWithModels } from "./support/models.ts";
import type { Running } from "./support/running.ts";
import type { Site } from "./support/site.ts";

setDefaultTimeout(30_000);

describe("a task that ends its thread", () => {
  const ends = [
    ["by process.exit", ["exit", "--args", "[7]"], "process.exit(7)"],
    ["by process.exit, after it has waited", ["exitLater", "--args", "[7]"], "process.exit(7)"],
    ["by a rejection that nobody handles", ["reject"], "nobody awaits"],
    ["by an error in a timer", ["throwInTimer"], "in a timer"],
  ] as const;

  test.each(ends)("%s is set aside after three crashes, alone", async (_name, call, reason) => {
    await using site = siteWithModels();
    const worker = await site.worker(["-n", "2"]);
    const innocent = await site.pushOne("job", "linger", "1");
    await worker.says("task.started", { task: innocent });
    const [method, ...more] = call;
    const id = await site.pushOne("job", method, "2", ...more);

    await worker.says("task.poisoned", { task: id, crashes: 3 });
    expect(worker.count("task.crashed", { task: id })).toBe(2);
    expect(worker.count("thread.replaced")).toBe(3);
    const row = site.task(id);
    expect(row).toMatchObject({ state: "failed", crashes: 3, attempts: 3 });
    expect(row.reason).toContain(reason);

    const after = await site.pushOne("job", "add", "3");
    await site.becomes(after, "finished");
    site.write("go", "");
    expect(await site.becomes(innocent, "finished")).toMatchObject({ attempts: 1, crashes: 0 });
    expect([...site.effects()]).toEqual([
      [1, 1],
      [3, 1],
    ]);
  });
});

test("a task that leaves behind what throws later is named where that ends another one's thread", async () => {
  await using site = siteWithModels();
  const worker = await site.worker(["-n", "1"]);
  const guilty = await site.pushOne("job", "throwAfterwards", "1");
  await site.becomes(guilty, "finished");
  const innocent = await site.pushOne("job", "linger", "2");
  await worker.says("task.started", { task: innocent });
  site.write("throw", "");
  const { reason } = await worker.says("task.crashed", { task: innocent });
  expect(reason).toContain("afterwards");
  expect(reason).toEndWith(`; it was left behind by task ${guilty} (job.throwAfterwards)`);
  site.write("go", "");
  expect(await site.becomes(innocent, "finished")).toMatchObject({ crashes: 1 });
});

describe("two tasks that end their threads", () => {
  test("are both set aside, also when one of them holds the database meanwhile", async () => {
    await using site = siteWithModels();
    const worker = await site.worker(["-n", "2"]);
    const quiet = await site.pushOne("job", "exitWhen", "1", "--args", '["first"]');
    const holding = await site.pushOne("job", "writeAndExitWhen", "2", "--args", '["second"]');
    for (const id of [quiet, holding]) await worker.says("task.started", { task: id });
    site.write("first", "");
    // Its end is noticed; on a file, what it leaves cannot be written before the other one ends.
    const isGone = () => threadsOf(worker.pid) < 2 || worker.find("thread.replaced") !== undefined;
    await eventually("its thread is gone", isGone);
    site.write("second", "");
    for (const id of [quiet, holding]) await worker.says("task.poisoned", { task: id });
    await site.becomes(await site.pushOne("job", "add", "3"), "finished");
    expect([...site.effects()]).toEqual([[3, 1]]);
  });
});

/** How many worker threads the process has; Bun names them. */
function threadsOf(pid: number): number {
  const names = readdirSync(`/proc/${pid}/task`).map((thread) => {
    try {
      return readFileSync(`/proc/${pid}/task/${thread}/comm`, "utf8").trim();
    } catch {
      return "";
    }
  });
  return names.filter((name) => name === "Worker").length;
}

describe("a task that overflows its stack", () => {
  test("fails alone, and its thread goes on", async () => {
    await using site = siteWithModels();
    const worker = await site.worker();
    const id = await site.pushOne("job", "overflow", "1");
    const row = await site.becomes(id, "failed");
    expect(row).toMatchObject({ crashes: 0, attempts: 1 });
    expect(row.reason).toContain("Maximum call stack size exceeded");
    await site.becomes(await site.pushOne("job", "add", "2"), "finished");
    expect(worker.find("thread.replaced")).toBeUndefined();
    expect([...site.effects()]).toEqual([[2, 1]]);
  });
});

describe("a cancelled task", () => {
  test("in an endless loop ends soon and frees its thread", async () => {
    await using site = siteWithModels();
    const worker = await site.worker(["-n", "2"]);
    const innocent = await site.pushOne("job", "linger", "1");
    const { claim } = await site.becomes(innocent, "running");
    const id = await site.pushOne("job", "loop", "2");
    await site.becomes(id, "running");

    const asked = performance.now();
    expect((await site.run("cancel", String(id))).code).toBe(0);
    await worker.says("task.cancelled", { task: id });
    await site.becomes(await site.pushOne("job", "add", "3"), "finished");
    expect(performance.now() - asked).toBeLessThan(10_000);

    expect(site.task(id)).toMatchObject({ state: "cancelled", crashes: 0 });
    expect(site.task(innocent)).toMatchObject({ state: "running", claim });
    site.write("go", "");
    await site.becomes(innocent, "finished");
  });

  test("that waits commits nothing of what it wrote", async () => {
    await using site = siteWithModels();
    const worker = await site.worker();
    const id = await site.pushOne("job", "linger", "1");
    await worker.says("task.started", { task: id });
    expect((await site.run("cancel", String(id))).code).toBe(0);
    site.write("go", "");
    await eventually(
      "its run is over",
      () => worker.find("task.late", { task: id }) ?? worker.find("task.cancelled", { task: id }),
    );
    await site.becomes(await site.pushOne("job", "add", "2"), "finished");
    expect(site.task(id).state).toBe("cancelled");
    expect([...site.effects()]).toEqual([[2, 1]]);
  });
});

test("a task that writes and never ends is stopped, also while its worker would rescue another one", async () => {
  await using site = siteWithModels();
  const env = { TQ_WORKER__LOCK_TIMEOUT: "500ms", TQ_WORKER__MAX_CRASHES: "1" };
  const worker = await site.worker(["-n", "2"], { env });
  const other = await site.worker(["-n", "1", "--queue", "other"], { env });
  const id = await site.pushOne("job", "loopWriting", "1");
  await site.becomes(id, "running");
  other.kill("SIGKILL"); // the rescue has to wait for the lock that the loop keeps
  await worker.says("task.poisoned", { task: id });
  await worker.says("worker.rescued", { pid: other.pid });
  await site.becomes(await site.pushOne("job", "add", "2"), "finished");
  expect(site.task(id)).toMatchObject({ state: "failed", crashes: 1 });
  const why = IS_POSTGRES ? "kept a transaction open" : "held the write lock";
  expect(site.task(id).reason).toContain(why);
  expect([...site.effects()]).toEqual([[2, 1]]);
});

test("tasks that end their threads leave no descriptor open", async () => {
  await using site = siteWithModels();
  const worker = await site.worker(["-n", "1"], { env: { TQ_WORKER__MAX_CRASHES: "20" } });
  await site.becomes(await site.pushOne("job", "add", "1"), "finished");
  const open = () => readdirSync(`/proc/${worker.pid}/fd`).length;
  const before = open();
  const id = await site.pushOne("job", "exit", "2", "--args", "[7]");
  await site.becomes(id, "failed");
  expect(site.task(id).crashes).toBe(20);
  await site.becomes(await site.pushOne("job", "add", "3"), "finished");
  await eventually("as many are open as before", () => open() <= before + 2 || undefined);
});

describe("a quick method that is slow this once", () => {
  /** Quick runs, then the slow one between two more: by then they come in batches. */
  async function pushAround(site: Site, ms: number): Promise<number> {
    await site.push("job", "spin", many(1, 120), "--batch", "1", "--args", "[0]");
    const [slow = 0] = await site.push("job", "spin", "1000", "--args", `[${ms}]`);
    await site.push("job", "spin", many(121, 20), "--batch", "1", "--args", "[0]");
    return slow;
  }

  /** Where a batch ends is a matter of time: the first of a batch holds up nobody, and is let be. */
  async function runAround(tries = 3): Promise<{ site: Site; worker: Running; slow: number }> {
    const site = siteWithModels();
    const slow = await pushAround(site, 1500);
    const worker = site.start(["worker", "-n", "1", "--drain"]);
    expect((await worker.ended()).code).toBe(0);
    const wasFirst = worker.count("task.interrupted") === 0 && site.task(slow).attempts === 1;
    if (!wasFirst || tries === 1) return { site, worker, slow };
    await site[Symbol.asyncDispose]();
    return runAround(tries - 1);
  }

  test("gives way to its batch, counts no crash, and ends when it runs alone", async () => {
    const { site: made, worker, slow } = await runAround();
    await using site = made;
    expect(worker.count("task.interrupted")).toBe(1);
    expect(worker.find("task.interrupted", { task: slow })?.message).toContain("held up its batch");
    expect(site.task(slow)).toMatchObject({ state: "finished", attempts: 2, crashes: 0 });
    expect(site.all("SELECT id FROM tq_tasks WHERE attempts <> 1")).toEqual([{ id: slow }]);
    expect(site.effects().size).toBe(141);
    expect([...site.effects().values()].every((times) => times === 1)).toBe(true);
    for (const bad of ["task.crashed", "thread.replaced", "task.late"])
      expect(worker.count(bad)).toBe(0);
  });

  interface Endless {
    readonly site: Site;
    readonly other: Running;
    readonly worker: Running;
    readonly lost: number;
    readonly endless: number;
  }

  /** A run that never ends, in the middle of a batch whose lock it holds, while another worker runs a task. */
  async function endlessInBatch(tries = 6): Promise<Endless> {
    const site = siteWithModels();
    const other = await site.worker(["-n", "1", "--queue", "other"]);
    const lost = await site.pushOne("job", "linger", "2000", "--queue", "other");
    await other.says("task.started", { task: lost });
    const endless = await pushAround(site, 1e9);
    const worker = await site.worker(["-n", "2"]);
    const runs = () => site.task(endless).state === "running" && site.isLocked(50);
    const limit = tries === 1 ? undefined : 2_000;
    try {
      await eventually("it runs in a batch", runs, limit);
      return { site, other, lost, endless, worker };
    } catch (error) {
      await site[Symbol.asyncDispose]();
      if (tries === 1) throw error;
      return endlessInBatch(tries - 1);
    }
  }

  test("does not hold up the rescue of another worker's task", async () => {
    const { site: made, other, lost, endless, worker } = await endlessInBatch();
    await using site = made;
    const killed = performance.now();
    other.kill("SIGKILL");
    await worker.says("worker.rescued", { pid: other.pid, tasks: 1 });
    expect(performance.now() - killed).toBeLessThan(5_000);
    await worker.says("task.interrupted", { task: endless });
    site.write("go", "");
    await site.becomes(lost, "finished");
    expect(site.task(endless)).toMatchObject({ crashes: 0 });
  });
});

function many(first: number, count: number): string {
  return JSON.stringify(Array.from({ length: count }, (_, index) => first + index));
}

describe("a task that kills its worker", () => {
  test.each([["abort"], ["killItself"]])(
    "by %s is set aside after three deaths that it met alone, and tasks beside it are not",
    async (method) => {
      await using site = siteWithModels();
      const worker = await site.worker(["-n", "2"]);
      const innocent = await site.pushOne("job", "linger", "1");
      await worker.says("task.started", { task: innocent });
      const id = await site.pushOne("job", method, "2");
      await worker.exited;
      site.write("go", "");
      const quick = await site.push("job", "add", "3,4,5", "--batch", "1");

      // As a supervisor would: started again as often as it dies.
      let deaths = 1;
      for (; deaths < 8; deaths++) {
        const next = site.start(["worker", "-n", "2", "--drain"]);
        const { code } = await next.ended();
        if (code !== null && code < 128) break;
      }
      // The first death made it a suspect; only those that it met alone count.
      expect(deaths).toBe(4);
      expect(site.task(id)).toMatchObject({ state: "failed", crashes: 3 });
      expect(site.task(id).reason).toContain("its worker process died");
      expect(site.task(innocent)).toMatchObject({ state: "finished", crashes: 0, attempts: 2 });
      // One of these may have been claimed, and be counted as a run, when the process died.
      for (const other of quick) {
        expect(site.task(other)).toMatchObject({ state: "finished", crashes: 0 });
      }
      expect([...site.effects()]).toEqual([1, 3, 4, 5].map((key) => [key, 1]));
    },
  );
});
