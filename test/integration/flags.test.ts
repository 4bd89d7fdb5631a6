/** The flags of `tq worker`. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "./support/eventually.ts";
import { siteWithModels } from "./support/models.ts";
import { TQ } from "./support/site.ts";

setDefaultTimeout(30_000);

describe("--drain", () => {
  test("exits with 0 when nothing is ready or running, and leaves what is for later", async () => {
    await using site = siteWithModels();
    const now = await site.push("job", "sleep", "1,2,3", "--batch", "1", "--args", "[20]");
    const later = await site.pushOne("job", "add", "4", "--scheduled-at", "1h");
    expect((await site.run("worker", "-n", "2", "--drain")).code).toBe(0);
    for (const id of now) expect(site.task(id).state).toBe("finished");
    expect(site.task(later).state).toBe("scheduled");
  });

  test("=all waits for scheduled tasks too", async () => {
    await using site = siteWithModels();
    const later = await site.pushOne("job", "add", "1", "--scheduled-at", "400ms");
    expect((await site.run("worker", "--drain=all")).code).toBe(0);
    expect(site.task(later).state).toBe("finished");
  });

  test("runs what the tasks push", async () => {
    await using site = siteWithModels();
    const id = await site.pushOne("job", "fanOut", "1", "--args", "[5]");
    expect((await site.run("worker", "-n", "2", "--drain")).code).toBe(0);
    expect(site.task(id).state).toBe("finished");
    expect([...site.effects().keys()]).toEqual([101, 102, 103, 104, 105]);
  });

  test("exits with 1 when a task of this run failed, and only then", async () => {
    await using site = siteWithModels();
    const bad = await site.pushOne("job", "fail", "1", "--args", '["no paper"]');
    const good = await site.pushOne("job", "add", "2");
    expect((await site.run("worker", "--drain")).code).toBe(1);
    expect(site.task(bad)).toMatchObject({ state: "failed", reason: "Error: no paper" });
    expect(site.task(good).state).toBe("finished");
    expect([...site.effects()]).toEqual([[2, 1]]);
    expect((await site.run("worker", "--drain")).code).toBe(0);
  });

  test("exits with 1 when a task was set aside for its crashes", async () => {
    await using site = siteWithModels();
    const bad = await site.pushOne("job", "exit", "1", "--args", "[7]");
    expect((await site.run("worker", "--drain")).code).toBe(1);
    expect(site.task(bad).state).toBe("failed");
  });

  test("looks only at its own queues", async () => {
    await using site = siteWithModels();
    const other = await site.pushOne("job", "add", "1", "--queue", "other");
    const mine = await site.pushOne("job", "add", "2", "--queue", "mine");
    expect((await site.run("worker", "--drain", "--queue", "mine")).code).toBe(0);
    expect(site.task(other).state).toBe("ready");
    expect(site.task(mine).state).toBe("finished");
  });
});

describe("--queue", () => {
  test("takes names and patterns, several of them", async () => {
    await using site = siteWithModels();
    const ids = new Map<string, number>();
    for (const queue of ["mail", "pdf.big", "pdf.small", "bank", "mailbox"]) {
      ids.set(queue, await site.pushOne("job", "add", "1", "--queue", queue));
    }
    const flags = ["--queue", "mail", "--queue", "pdf*"];
    expect((await site.run("worker", "--drain", ...flags)).code).toBe(0);
    const states = [...ids].map(([queue, id]) => [queue, site.task(id).state]);
    expect(Object.fromEntries(states)).toEqual({
      mail: "finished",
      "pdf.big": "finished",
      "pdf.small": "finished",
      bank: "ready",
      mailbox: "ready",
    });
  });
});

describe("-n 1", () => {
  test("runs higher priorities first, then earlier deadlines, then in the order of the pushes", async () => {
    await using site = siteWithModels();
    const first = await site.pushOne("job", "add", "1");
    const patient = await site.pushOne("job", "add", "2", "--expected-at", "1h");
    const second = await site.pushOne("job", "add", "3");
    const urgent = await site.pushOne("job", "add", "4", "--priority", "5", "--expected-at", "1h");
    const due = await site.pushOne("job", "add", "5", "--expected-at", "-1h");
    expect((await site.run("worker", "-n", "1", "--drain")).code).toBe(0);
    const order = site.all<{ key: number }>("SELECT key FROM effect ORDER BY id");
    expect(order.map(({ key }) => key)).toEqual([4, 5, 1, 3, 2]);
    expect([first, patient, second, urgent, due]).toEqual([1, 2, 3, 4, 5]);
  });
});

describe("--max", () => {
  test("replaces a thread after so many tasks, and no task is lost", async () => {
    await using site = siteWithModels();
    const keys = Array.from({ length: 10 }, (_, index) => index + 1);
    await site.push("job", "threadAge", JSON.stringify(keys), "--batch", "1");
    expect((await site.run("worker", "-n", "1", "--max", "3", "--drain")).code).toBe(0);
    const ages = site.all<{ result: string }>("SELECT result FROM tq_tasks ORDER BY id");
    expect(ages.map(({ result }) => Number(result))).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 1]);
    expect(site.all("SELECT id FROM tq__task WHERE claim <> 1 AND crashes > 0")).toEqual([]);
  });
});

describe("--exit-with-parent", () => {
  test("stops gracefully when the process that started it is gone", async () => {
    await using site = siteWithModels();
    const { shell, pid } = await startedByShell(site, "--exit-with-parent");
    try {
      const id = await site.pushOne("job", "linger", "1");
      await shell.says("task.started", { task: id });
      shell.kill("SIGKILL");
      await eventually("it notices", () => shell.find("worker.stopping"), 3000);
      site.write("go", "");
      await eventually("it stops", () => shell.find("worker.stopped"), 3000);
      expect(site.task(id).state).toBe("finished");
      await eventually("it is gone", () => !isAlive(pid), 3000);
    } finally {
      if (isAlive(pid)) process.kill(pid, "SIGKILL");
    }
  });

  test("left out, the worker outlives it", async () => {
    await using site = siteWithModels();
    const { shell, pid } = await startedByShell(site);
    try {
      shell.kill("SIGKILL");
      await shell.exited;
      const id = await site.pushOne("job", "sleep", "1", "--args", "[600]");
      await site.becomes(id, "finished");
      expect(isAlive(pid)).toBe(true);
    } finally {
      process.kill(pid, "SIGKILL");
    }
  });
});

/** A worker whose parent is a shell; its log comes through the shell's. */
async function startedByShell(site: ReturnType<typeof siteWithModels>, ...flags: string[]) {
  const command = `"$0" worker -n 1 "$@" & echo $!; wait`;
  const shell = site.spawn(["bash", "-c", command, TQ, ...flags]);
  await shell.says("worker.started");
  return { shell, pid: Number(shell.stdout.trim()) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
