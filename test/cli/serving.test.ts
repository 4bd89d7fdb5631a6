import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { stopOnSignals } from "../../cli/command/signals.ts";
import { IS_POSTGRES } from "../support/tested-store.ts";
import { Folder } from "./tq.ts";

const MODELS = `
import { Model } from "tq";
export class Note extends Model {
  static override readonly __name__ = "note";
  static async read() {}
  static async burn() { throw new Error("fire"); }
}`;

describe("signals", () => {
  test("ask for an end first and insist the second time, whichever they are", () => {
    const asked: unknown[] = [];
    const from = new EventEmitter();
    const stop = async (how: string, signal: string) => void asked.push(`${how} ${signal}`);
    const leave = stopOnSignals({ stop }, from);
    from.emit("SIGINT");
    from.emit("SIGTERM");
    from.emit("SIGTERM");
    leave();
    from.emit("SIGTERM");
    expect(asked).toEqual(["graceful SIGINT", "now SIGTERM", "now SIGTERM"]);
  });
});

/** The standard error of a child until it says this. */
async function heard(stream: ReadableStream<Uint8Array>, what: RegExp): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    const found = what.exec(text);
    if (found) return found[1] ?? found[0];
  }
  throw new Error(`It ended without saying ${what}: ${text}`);
}

test("with --json each line of a worker's log is JSON, whatever the settings say", async () => {
  await using folder = new Folder();
  folder.write("models.ts", MODELS);
  folder.write("tq.toml", '[queue]\nworker = true\n[log]\nformat = "text"\n');
  await folder.tq("push", "note", "read", "1");
  const { code, stderr } = await folder.tq("worker", "--drain", "--json", "-n", "1");
  expect(code).toBe(0);
  const events = stderr
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { event: string }).event);
  expect(events).toEqual(
    expect.arrayContaining(["worker.started", "task.finished", "worker.stopped"]),
  );
  const settings = JSON.parse((await folder.tq("config", "--json")).stdout) as { key: string }[];
  expect(settings.find(({ key }) => key === "log.format")).toMatchObject({
    value: "json",
    origin: "--json",
  });
});

describe("tq serve", () => {
  test("says its address in the log, serves, and ends with 0 on SIGTERM", async () => {
    await using folder = new Folder();
    folder.write("models.ts", MODELS);
    const child = folder.start(["serve", "--listen", "127.0.0.1:0"]);
    const url = await heard(child.stderr, /(http:\/\/127\.0\.0\.1:\d+)/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/api/status`)).status).toBe(401);
    const token = readFileSync(folder.file("tq.token"), "utf8").trim();
    const headers = { Authorization: `Bearer ${token}` };
    const status = await fetch(`${url}/api/status`, { headers });
    const { stdout } = await folder.tq("status", "--json");
    const shown = (await status.json()) as object;
    expect(Object.keys(shown)).toEqual(Object.keys(JSON.parse(stdout) as object));
    const body = JSON.stringify({ model: "note", method: "red", instances: 7 });
    const wrong = await fetch(`${url}/api/tasks`, { method: "POST", headers, body });
    expect(wrong.status).toBe(404);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });

  test.each([
    ["queue", "max_size = 1", "the queue has 1, and queue.max_size is 1"],
    // The disk of a server is its own concern.
    ...(IS_POSTGRES
      ? []
      : [["database", "min_free_mb = 1_000_000_000", "database.min_free_mb is 1000000000"]]),
  ])("refuses a push beyond the limit of [%s] %s", async (section, setting, reason) => {
    await using folder = new Folder();
    folder.write("models.ts", MODELS);
    await folder.tq("push", "note", "read", "1");
    folder.write("tq.toml", `[${section}]\n${setting}\n`);
    const child = folder.start(["serve", "--listen", "127.0.0.1:0"]);
    const url = await heard(child.stderr, /^[^\n]*(http:\/\/127\.0\.0\.1:\d+)/);
    const token = readFileSync(folder.file("tq.token"), "utf8").trim();
    const headers = { Authorization: `Bearer ${token}` };
    const body = JSON.stringify({ model: "note", method: "read", instances: 7 });
    const push = () => fetch(`${url}/api/tasks`, { method: "POST", headers, body });
    const answers = [await push(), await push()];
    expect(answers.at(-1)?.status).toBe(507);
    expect(await answers.at(-1)?.text()).toContain(reason);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });

  test("refuses an address that other hosts can reach", async () => {
    await using folder = new Folder();
    const { code, stderr } = await folder.tq("serve", "--listen", "0.0.0.0:0");
    expect(code).toBe(2);
    expect(stderr).toContain("--insecure-listen");
  });
});

describe("tq worker", () => {
  test("exits with 1 after a drain in which a task failed, with 0 after one without", async () => {
    await using folder = new Folder();
    folder.write("models.ts", MODELS);
    folder.write("tq.toml", "[queue]\nworker = true\n");
    await folder.tq("push", "note", "burn", "7");
    await folder.tq("push", "note", "read", "7", "--queue", "other");
    const other = await folder.tq("worker", "--drain", "-n", "1", "--queue", "oth*", "-q");
    expect(other).toEqual({ code: 0, stdout: "", stderr: "" });
    const failing = await folder.tq("worker", "--drain", "-n", "1");
    expect(failing.code).toBe(1);
    expect(failing.stderr).toContain("fire");
  });

  test("ends with 0 on SIGTERM and takes its pid file with it", async () => {
    await using folder = new Folder();
    folder.write("models.ts", MODELS);
    const child = folder.start(["worker", "-n", "1", "--pidfile", "tq.pid"]);
    await heard(child.stderr, /worker \S+ started/);
    expect(readFileSync(folder.file("tq.pid"), "utf8").trim()).toBe(String(child.pid));
    const { stdout } = await folder.tq("status");
    expect(stdout).toContain(String(child.pid));
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    expect(await Bun.file(folder.file("tq.pid")).exists()).toBe(false);
  });

  test.each([
    [["--queue", ","], 'tq: --queue cannot be ","'],
    [
      ["--threads", "two"],
      'tq: --threads cannot be "two": it must be a whole number from 1 to 1000',
    ],
    [["-t", "60"], 'tq: --poll-interval cannot be "60": it must be a duration with its unit'],
    [
      ["--timeout", "60"],
      'tq: --poll-interval cannot be "60": it must be a duration with its unit',
    ],
    [
      ["--poll-interval", "60"],
      'tq: --poll-interval cannot be "60": it must be a duration with its unit',
    ],
    [
      ["--drain=al"],
      'tq: --drain cannot be "al": write --drain or --drain=all; did you mean "all"?',
    ],
    [
      ["--drain", "all"],
      'tq: Unexpected argument "all": a value of --drain needs an equals sign: --drain=all',
    ],
    [["mail"], 'tq: Unexpected argument "mail": tq worker [flags]'],
    [["--drain=all", "mail"], 'tq: Unexpected argument "mail": tq worker [flags]'],
  ])("refuses %j", async (args, beginning) => {
    await using folder = new Folder();
    const { code, stderr } = await folder.tq("worker", ...args);
    expect(stderr).toStartWith(beginning);
    expect(code).toBe(2);
  });
});

describe("tq run", () => {
  test("gives the program its own arguments and the module tq", async () => {
    await using folder = new Folder();
    folder.write("models.ts", MODELS);
    folder.write(
      "app.ts",
      `import { Note } from "./models.ts";
      console.log(JSON.stringify(process.argv.slice(1)));
      console.log(await Note.__queue__.read([1, 2]));
      process.exitCode = 5;`,
    );
    const { code, stdout } = await folder.tq("run", "-q", "app.ts", "--json", "-x", "--", "list");
    const [argv, ids] = stdout.trimEnd().split("\n");
    expect(JSON.parse(argv ?? "")).toEqual([folder.file("app.ts"), "--json", "-x", "--", "list"]);
    expect(ids).toBe("[ 1 ]");
    expect(code).toBe(5);
    expect((await folder.tq("list")).stdout).toContain("finished");
  });

  test("shows the program's own error as it is, with exit status 1", async () => {
    await using folder = new Folder();
    folder.write("app.ts", 'throw new Error("mine");');
    const { code, stderr } = await folder.tq("run", "app.ts");
    expect(code).toBe(1);
    expect(stderr).toContain("error: mine");
    expect(stderr).not.toContain("tq:");
  });

  test.each([
    ["none.ts", 3, "there is no such file"],
    [".", 2, "it is not a file"],
    ["why?.ts", 2, "Bun takes what follows a ? for a query"],
  ])("refuses %s", async (file, status, why) => {
    await using folder = new Folder();
    folder.write("why?.ts", "");
    const { code, stderr } = await folder.tq("run", file);
    expect(code).toBe(status);
    expect(stderr).toContain(why);
  });
});

test.each([
  ["worker", "worker"],
  ["serve", "serve --listen 127.0.0.1:0"],
])("the reason why tq %s does not start is a line of its log in JSON", async (_, line) => {
  await using folder = new Folder();
  folder.write("models.ts", "export class {");
  const env = { TQ_LOG__FORMAT: "json", TQ_QUEUE__WORKER: "1" };
  const { code, stderr } = await folder.tqWith({ env }, ...line.split(" "));
  expect(code).toBe(7);
  const lines = stderr
    .trim()
    .split("\n")
    .map((one) => JSON.parse(one) as { level: string; message: string });
  const errors = lines.filter(({ level }) => level === "error");
  expect(errors).toMatchObject([{ message: expect.stringContaining("Cannot load models from ") }]);
});
