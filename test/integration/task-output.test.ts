/** What tasks say, seen by other processes with the real binary: while they run, and after their deaths. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { onSqlite } from "../support/tested-store.ts";
import { eventually } from "./support/eventually.ts";
import { Site } from "./support/site.ts";

setDefaultTimeout(30_000);

const MODELS = `
import { existsSync } from "node:fs";
import { currentTask, Model, Transaction } from "tq";

export class Job extends Model {
  static readonly __name__ = "job";
  static async talk() {
    await Transaction.current.sql\`CREATE TABLE IF NOT EXISTS written (n INTEGER)\`;
    console.log("half way");
    currentTask().progress(1, 2, "page 1");
    while (!existsSync("go")) await Bun.sleep(5);
    console.log("the end");
    currentTask().progress(2, 2);
  }
  static fail() { console.error("no paper"); throw new Error("no"); }
  static exit() { console.log("last words"); process.exit(3); }
  static kill() { console.log("last words"); process.kill(process.pid, "SIGKILL"); }
  static async heed() {
    console.log("before");
    const { signal } = currentTask();
    if (!signal.aborted) await new Promise((end) => signal.addEventListener("abort", end));
    console.log("told to end");
  }
  static async ignore() {
    console.log("before");
    await new Promise((end) => setTimeout(end, 1_000_000));
  }
  static alter() {
    try { currentTask().id = 1000; } catch ({ name }) { console.log(name); }
    console.log(currentTask().id);
  }
  static print(_jobs, n) { console.log("line " + n); }
}
`;

function site(): Site {
  const made = new Site();
  made.write("models.ts", MODELS);
  return made;
}

async function said(
  of: Site,
  id: number,
): Promise<{ attempt: number; lines: { text: string }[]; progress: { done: number } | null }[]> {
  const { stdout } = await of.run("logs", String(id), "--json");
  return JSON.parse(stdout) as Awaited<ReturnType<typeof said>>;
}

const linesOf = async (of: Site, id: number) =>
  (await said(of, id)).map(({ lines }) => lines.map(({ text }) => text));

test("a task that holds the write lock is heard by other processes while it runs", async () => {
  await using made = site();
  const worker = await made.worker();
  const id = await made.pushOne("job", "talk", "1");
  await worker.says("task.started", { task: id });
  await eventually("it is heard", async () => (await linesOf(made, id))[0]?.includes("half way"));
  await eventually(
    "its progress is seen",
    async () => (await said(made, id))[0]?.progress?.done === 1,
  );
  const following = made.start(["logs", String(id), "-f"]);
  await eventually("it is followed", () => following.stdout.includes("half way"));
  made.write("go", "");
  const { code, stdout } = await following.ended();
  expect(code).toBe(0);
  expect(stdout).toMatch(/half way\n.*1 of 2, 50 %, page 1\n[^]*the end\n.*2 of 2, 100 %\n$/);
  expect(await linesOf(made, id)).toEqual([["half way", "the end"]]);
});

test("a run that fails keeps what it has said, each run for itself", async () => {
  await using made = site();
  await made.worker();
  const [id = 0] = await made.push("job", "fail", "1", "--attempts", "2", "--backoff", "10ms");
  await made.becomes(id, "failed");
  expect(await linesOf(made, id)).toEqual([["no paper"], ["no paper"]]);
});

test("quick tasks in a batch keep what each has said", async () => {
  await using made = site();
  await made.push("job", "print", "1", "--args", "[0]");
  const ids = Array.from({ length: 100 }, (_, index) => index + 2);
  const rows = ids.map((id) => `('job', 'print', '1', '[${id}]')`);
  made.sql(`INSERT INTO tq_push (model, method, instances, args) VALUES ${rows.join()}`);
  expect((await made.run("worker", "--drain")).code).toBe(0);
  const kept = made.all<{ task: number; text: string }>(
    "SELECT task, text FROM tq_output ORDER BY task",
  );
  expect(kept.slice(1).map(({ text }) => (JSON.parse(text) as { text: string }).text)).toEqual(
    ids.map((id) => `line ${id}`),
  );
});

test("the last words before the end of a thread are kept with the crash", async () => {
  await using made = site();
  await made.worker();
  const id = await made.pushOne("job", "exit", "1");
  await made.becomes(id, "failed");
  expect(await linesOf(made, id)).toEqual([["last words"], ["last words"], ["last words"]]);
});

onSqlite("a server is told a quarter of a second later").test(
  "the last words before the death of a process are kept too, and no file is left",
  async () => {
    await using made = site();
    await made.push("job", "kill", "1");
    for (let death = 0; death < 2; death++) await made.run("worker", "--drain");
    await made.run("worker", "--drain", "--queue", "other"); // rescues
    expect((await linesOf(made, 1)).flat()).toContain("last words");
    expect(made.has("tq.db-output")).toBe(false);
  },
);

test("a run that tq cancel ends keeps what it has said, by itself or with the end of its thread", async () => {
  await using made = site();
  await made.worker(["-n", "2"]);
  const ids = [await made.pushOne("job", "heed", "1"), await made.pushOne("job", "ignore", "1")];
  const followed = ids.map((id) => made.start(["watch", String(id)]));
  for (const one of followed) {
    await eventually("it is heard", () => one.stdout.includes("before"));
  }
  expect((await made.run("cancel", ...ids.map(String))).code).toBe(0);
  for (const one of followed) expect((await one.ended()).code).toBe(1);
  const [heed = 0, ignore = 0] = ids;
  await eventually("its last words are kept", async () =>
    (await linesOf(made, heed))[0]?.includes("told to end"),
  );
  expect(await linesOf(made, heed)).toEqual([["before", "told to end"]]);
  const kept = () => made.all<{ task: number }>("SELECT task FROM tq_output ORDER BY task");
  await eventually("both are kept", () => kept().length === 2);
  expect(await linesOf(made, ignore)).toEqual([["before"]]);
});

test("a task that has said nothing, or is not there, has a sentence", async () => {
  await using made = site();
  await made.push("job", "print", "1");
  expect((await made.run("logs", "1")).stderr).toContain("Task 1 has said nothing");
  expect(await made.run("logs", "9")).toMatchObject({ code: 3 });
});

test("tq watch and tq push --wait follow what a task says and how far it is, and end with it", async () => {
  await using made = site();
  await made.worker();
  const waiting = made.start(["push", "job", "talk", "1", "--wait"]);
  const first =
    /info {2}half way\n[^]*progress 1 of 2, 50 %, page 1\n|1 of 2, 50 %, page 1\n[^]*half way/;
  await eventually("the wait shows it", () => first.test(waiting.stderr));
  const watching = made.start(["watch", "1"]);
  await eventually("the watch shows it", () => first.test(watching.stdout));
  const { stdout: why } = await made.run("why", "1");
  expect(why).toMatch(
    /^Task 1 has run for .* on thread \d+ of .*, and said "1 of 2, 50 %, page 1"/,
  );
  made.write("go", "");
  const [waited, watched] = [await waiting.ended(), await watching.ended()];
  expect([waited.code, waited.stdout, watched.code]).toEqual([0, "1\n", 0]);
  expect(waited.stderr).toMatch(/info {2}the end\n$/);
  expect(watched.stdout).toMatch(
    /^.{19} task 1 is running\n[^]*info {2}the end\n.* task 1 has finished after .*\n$/,
  );
});

test("a task cannot change what tq says of it, so its output stays its own", async () => {
  await using made = site();
  const id = await made.pushOne("job", "alter", "1");
  await made.worker();
  await made.becomes(id, "finished");
  expect(await linesOf(made, id)).toEqual([["TypeError", String(id)]]);
});
