/** Retries and timeouts with the real binary: a kill forgets none of them. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "./support/eventually.ts";
import { Site } from "./support/site.ts";

setDefaultTimeout(30_000);

const MODELS = `
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { currentTask, Model, Transaction } from "tq";

export class Job extends Model {
  static readonly __name__ = "job";
  static readonly tasks = {
    flaky: { attempts: 3, backoff: "10ms" },
    slow: { attempts: 2, backoff: "1h" },
    loop: { attempts: 2, backoff: "10ms", timeout: "300ms" },
    deaf: { timeout: "300ms" },
    write: { timeout: "300ms" },
    polite: { timeout: "300ms" },
    child: { timeout: "300ms" },
    asks: { attempts: 3, timeout: "300ms", backoff: (error, attempt) => {
      appendFileSync("asked", error.message + "\\n");
      return attempt === 1 ? "10ms" : null;
    } },
    second: { attempts: 2, backoff: "1s" },
    block: { attempts: 2, backoff: "1h", timeout: "300ms" },
  };
  static async asks() { if (currentTask().attempt === 1) await new Promise(() => {}); await Bun.sleep(400); }
  static second() { if (currentTask().attempt === 1) throw new Error("not yet"); }
  static block() { Bun.sleepSync(60_000); }

  static flaky() { throw new Error("the printer is off"); }
  static slow() { throw new Error("the printer is off"); }
  static loop() { for (;;); }
  static async deaf() { await new Promise(() => {}); }
  static async write() {
    await Transaction.current.sql\`CREATE TABLE written (n INTEGER)\`;
    await new Promise(() => {});
  }
  static async polite() {
    const { signal } = currentTask();
    await new Promise((_, no) => signal.addEventListener("abort", () => no(signal.reason)));
  }
  static async child() {
    const child = Bun.spawn(["sleep", "600"], { signal: currentTask().signal });
    writeFileSync("child", String(child.pid));
    await child.exited;
  }
  static async listen() {
    const { signal } = currentTask();
    signal.addEventListener("abort", () => writeFileSync("told", signal.reason.message));
    writeFileSync("listens", "");
    while (!existsSync("go") && !signal.aborted) await Bun.sleep(5);
    throw new Error("it ends by itself");
  }
  static linger() { return new Promise((yes) => setInterval(() => existsSync("go") && yes(null), 5)); }
}
`;

function site(settings = ""): Site {
  const made = new Site();
  made.write("models.ts", MODELS);
  made.write("tq.toml", `[queue]\nworker = true\n[worker]\ntimeout_grace = "300ms"\n${settings}`);
  return made;
}

const outcomes = (of: Site, id: number) =>
  of.all<{ outcome: string; message: string }>(
    `SELECT outcome, message FROM tq_attempts WHERE task = ${id} ORDER BY number`,
  );

test("a task that fails is tried again as its model says, and then fails", async () => {
  await using made = site();
  const worker = await made.worker();
  const id = await made.pushOne("job", "flaky", "1");
  await made.becomes(id, "failed");
  await worker.says("task.failed", { task: id }); // its log comes later than its commit
  expect(outcomes(made, id)).toEqual(
    Array.from({ length: 3 }, () => ({ outcome: "failed", message: "the printer is off" })),
  );
  expect(worker.count("task.retried", { task: id })).toBe(2);
});

test("tq.toml wins over the model, and the push over tq.toml", async () => {
  await using made = site('[tasks."job.flaky"]\nattempts = 2\n');
  await made.worker();
  const two = await made.pushOne("job", "flaky", "1");
  const [four = 0] = await made.push(
    "job",
    "flaky",
    "1",
    "--attempts",
    "4",
    "--backoff",
    "10ms,20ms",
  );
  await made.becomes(two, "failed");
  await made.becomes(four, "failed");
  expect([outcomes(made, two).length, outcomes(made, four).length]).toEqual([2, 4]);
});

test("a worker that is killed forgets neither a waiting retry nor its attempts", async () => {
  await using made = site();
  const first = await made.worker();
  const id = await made.pushOne("job", "slow", "1");
  const waits = await made.becomes(id, "scheduled");
  first.kill("SIGKILL");
  await first.ended();
  await made.worker();
  expect(made.task(id)).toMatchObject({
    state: "scheduled",
    scheduled_at: waits.scheduled_at,
    failures: 1,
  });
});

describe("a run whose time is over", () => {
  test.each(["loop", "deaf", "write", "polite", "child"])(
    "is ended, and says so: %s",
    async (method) => {
      await using made = site();
      const worker = await made.worker(["-n", "2"]);
      const beside = await made.pushOne("job", "linger", "1");
      await worker.says("task.started", { task: beside });
      const id = await made.pushOne("job", method, "2");
      const { reason } = await made.becomes(id, "failed");
      expect(reason).toBe("TimeoutError: timed out after 300 ms");
      expect(made.task(id)).toMatchObject({ crashes: 0, attempts: method === "loop" ? 2 : 1 });
      expect(made.hasTable("written")).toBe(false);
      if (method === "child") await isGone(Number(made.read("child")));
      made.write("go", "");
      expect(await made.becomes(beside, "finished")).toMatchObject({ attempts: 1 });
    },
  );
});

async function isGone(pid: number): Promise<void> {
  await eventually(`the process ${pid} is gone`, () => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  });
}

describe("the signal of a task", () => {
  test("says that the task was cancelled, and the run may end by itself", async () => {
    await using made = site();
    const worker = await made.worker();
    const id = await made.pushOne("job", "listen", "1");
    await eventually("it listens", () => made.has("listens"));
    await made.run("cancel", String(id));
    await worker.says("task.late", { task: id });
    expect(made.read("told")).toBe("its task was cancelled");
    expect(worker.count("thread.replaced")).toBe(0);
    expect(made.task(id).state).toBe("cancelled");
  });

  test("says that the worker stops before its grace is over, which uses up no attempt", async () => {
    await using made = site();
    const worker = await made.worker(["-n", "1", "--grace", "600ms"]);
    const id = await made.pushOne("job", "listen", "1");
    await eventually("it listens", () => made.has("listens"));
    worker.kill("SIGTERM");
    expect((await worker.ended()).code).toBe(0);
    expect(made.read("told")).toBe("its worker stops");
    expect(made.task(id)).toMatchObject({
      state: "ready",
      failures: 0,
      crashes: 0,
      reason: "its worker stops",
    });
  });
});

test("a section of tq.toml that names no method is said at the start", async () => {
  await using made = site('[tasks."job.flakey"]\nattempts = 2\n[tasks."mail.*"]\nattempts = 2\n');
  const worker = await made.worker();
  const of = (pattern: string, hint: string) => ({
    level: "warn",
    message: `[tasks."${pattern}"] of tq.toml is of no use: no method has that name${hint}`,
  });
  await worker.says("log.note", of("mail.*", ""));
  await worker.says("log.note", of("job.flakey", '; did you mean "job.flaky"?'));
});

test("tq show names the source of each policy, and the runs with their errors", async () => {
  await using made = site('[tasks."job.*"]\nexpires = "1h"\n');
  await made.worker();
  const [id = 0] = await made.push("job", "flaky", "1", "--attempts", "2");
  await made.becomes(id, "failed");
  const { stdout } = await made.run("show", String(id));
  expect(stdout).toMatch(/attempts +2 +push\n/);
  expect(stdout).toMatch(/backoff +10 ms +model\n/);
  expect(stdout).toMatch(/expires +1 h +tq.toml\n/);
  expect(stdout).toMatch(/timeout +no limit +default\n/);
  expect(stdout).toMatch(/\n +2 +failed .* Error: the printer is off\n/);
});

test("a push that waits says each failed run, waits through the retries, and exits by the end", async () => {
  await using made = site();
  const worker = await made.worker();
  const ended = await made.run("push", "job", "flaky", "1", "--wait");
  expect(ended).toMatchObject({ code: 1, stdout: "1\n" });
  const lines = ended.stderr.trimEnd().split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toStartWith("tq: Task 1: run 1 failed: Error: the printer is off");
  expect(lines[1]).toStartWith("tq: Task 1: run 2 failed: Error: the printer is off");
  expect(lines[2]).toBe("tq: Task 1 failed: Error: the printer is off");
  expect(await made.run("push", "job", "second", "1", "--wait")).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(
      /^tq: Task 2: run 1 failed: Error: not yet(; it runs again in .+)?\n$/,
    ),
  });
  await worker.end();
});

test("a backoff function is asked once after each timeout, whether the run hangs or ends, and never before a run", async () => {
  await using made = site();
  made.write("asked", "");
  await made.run("push", "job", "asks", "1");
  await made.run("worker", "--drain=all", "--quiet");
  expect(outcomes(made, 1)).toMatchObject([{ outcome: "failed" }, { outcome: "failed" }]);
  expect(made.read("asked")).toBe("timed out after 300 ms\n".repeat(2));
});

test("a native call that outlasts its timeout fails its task by that, once, and the other tasks of its worker go back uncounted", async () => {
  await using made = site();
  const [block, linger] = [
    await made.pushOne("job", "block", "1"),
    await made.pushOne("job", "linger", "1"),
  ];
  const ended = await made.run("worker", "--threads", "2");
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain("is inside a native call and cannot be ended");
  const timeout = { outcome: "failed", message: "timed out after 300 ms" };
  expect(outcomes(made, block)).toEqual([timeout]);
  expect(made.task(block)).toMatchObject({ state: "scheduled", failures: 1, crashes: 0 });
  expect(made.task(linger)).toMatchObject({ state: "ready", failures: 0, crashes: 0, attempts: 1 });
  expect(made.one("SELECT count(*) AS suspects FROM tq__task WHERE suspect = 1")).toEqual({
    suspects: 0,
  });
});
