/** What tasks print, on the standard output of their worker. */
import { expect, test } from "bun:test";
import { Site } from "./support/site.ts";

const MODELS = String.raw`
import { currentTask, Model, task } from "tq";
console.log("loading");

export class Job extends Model {
  static readonly __name__ = "job";
  static talk() {
    console.log("page", 7);
    console.warn("%s is low", "ink");
    console.error("no paper\n2026-11-23 14:03:07.123+00:00 error task 9: forged\rover");
    console.debug("tray 2");
    currentTask().log("by log");
    process.stdout.write("as it is");
  }
  static steer() { console.log("\x1b[31mred\x1b[0m {\x1b(0", 7, "\x07\0\u0085\u202e"); }
  static leave() { setTimeout(() => console.log("left behind"), 20); }
  static async wait() { await Bun.sleep(100); }
  static huge() { console.log("x".repeat(3_000_000)); currentTask().progress(1, 2); }
}
export const plain = task("plain", () => console.log("from a function\nof two lines"));
`;

function site(): Site {
  const made = new Site();
  made.write("models.ts", MODELS);
  return made;
}

const drain = (of: Site, env: Record<string, string> = {}) =>
  of.start(["worker", "--drain", "--quiet", "-n", "1"], { env }).ended();

/** The lines of standard output that are objects, without their times. */
function said(stdout: string): Record<string, unknown>[] {
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => {
    const { time, ...rest } = JSON.parse(line) as Record<string, unknown>;
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    return rest;
  });
}

test("each line that a task prints has the time, the level and the task before it", async () => {
  await using made = site();
  await made.push("job", "talk", "7");
  const { stdout, stderr } = await drain(made, { TQ_LOG__FORMAT: "text" });
  const time = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d /gm;
  expect(stdout.replace(time, "")).toBe(
    [
      "loading",
      "info  task 1: page 7",
      "warn  task 1: ink is low",
      "error task 1: no paper",
      "error task 1: 2026-11-23 14:03:07.123+00:00 error task 9: forged",
      "error task 1: over",
      "debug task 1: tray 2",
      "info  task 1: by log",
      "as it is",
    ].join("\n"),
  );
  expect(stderr).toBe("");
});

test("no print of a task acts on a terminal", async () => {
  await using made = site();
  await made.push("job", "steer", "7");
  const { stdout } = await drain(made, { TQ_LOG__FORMAT: "text", FORCE_COLOR: "1", NO_COLOR: "" });
  const [, line = ""] = stdout.trimEnd().split("\n");
  const said = line.slice(line.indexOf("task 1:"));
  expect(said).toBe("task 1: red { 7 \\x07\\x00\\x85\\u202e");
});

test("with a log of JSON lines a print of a task is one object, whatever its lines", async () => {
  await using made = site();
  await made.push("job", "talk", "7", "--queue", "mail");
  await made.push("plain", "[]");
  const { stdout } = await drain(made);
  const talk = { event: "task.said", task: 1, attempt: 1, model: "job", method: "talk" };
  const objects = said(stdout);
  expect(objects[0]).toEqual({
    ...talk,
    level: "info",
    queue: "mail",
    message: "page 7",
  });
  expect(objects.slice(1)).toMatchObject([
    { ...talk, level: "warn", message: "ink is low" },
    { ...talk, level: "error", message: expect.stringContaining("no paper\n2026-") },
    { ...talk, level: "debug", message: "tray 2" },
    { ...talk, level: "info", message: "by log" },
    { task: 2, model: "plain", method: null, message: "from a function\nof two lines" },
  ]);
});

test("what a task leaves behind prints as it is, as it belongs to no run", async () => {
  await using made = site();
  await made.push("job", "leave", "1");
  await made.push("job", "wait", "1");
  expect((await drain(made)).stdout).toBe("loading\nleft behind\n");
});

test("worker.keep_output turns off that prints are kept, not that they are printed", async () => {
  await using made = site();
  await made.push("job", "talk", "7");
  const { stdout } = await drain(made, { TQ_WORKER__KEEP_OUTPUT: "false" });
  expect(said(stdout)).toHaveLength(5);
  expect((await made.run("logs", "1")).stderr).toContain("Task 1 has said nothing");
  expect(made.has("tq.db-output")).toBe(false);
});

test("without kept output a task still tells how far it is", async () => {
  await using made = site();
  await made.push("job", "huge", "7");
  await drain(made, { TQ_WORKER__KEEP_OUTPUT: "false" });
  const { stdout } = await made.run("logs", "1", "--json");
  expect(JSON.parse(stdout)).toMatchObject([{ lines: [], progress: { done: 1, total: 2 } }]);
});

test("a print of megabytes is cut, and ends no task", async () => {
  await using made = site();
  const id = await made.pushOne("job", "huge", "7");
  const { stdout } = await drain(made);
  expect(stdout.length).toBeLessThan(1_001_000);
  expect(said(stdout)[0]?.["message"]).toEndWith("x… (2000001 more characters)");
  expect(await made.becomes(id, "finished")).toMatchObject({ crashes: 0 });
});
