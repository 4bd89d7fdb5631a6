/** The command of an alert: what it gets, and that it neither hangs, floods nor stays. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { alertMessage } from "../../../src/worker/alerts/message.ts";
import { runCommand } from "../../../src/worker/alerts/run-command.ts";
import { makeFolder } from "../../support/folder.ts";
import { startHelper } from "../../support/process.ts";
import { until } from "../../support/until.ts";

const NEVER = new AbortController().signal;
const failure = {
  task: 42,
  call: "label.print",
  queue: "default",
  reason: 'Error: it\'s "off"; $(touch bad)',
  attempts: 3,
  failedAt: 1_700_000_000_000,
};
const message = alertMessage({ database: "/shop/tq.db", failures: [failure], count: 7 });

let folder: ReturnType<typeof makeFolder>;
beforeEach(() => void (folder = makeFolder()));
afterEach(() => folder[Symbol.dispose]());

const run = (command: string | readonly string[], limit?: number, signal = NEVER) =>
  runCommand(
    { command, folder: folder.path, ...(limit === undefined ? {} : { limit }) },
    message,
    signal,
  );
const read = (name: string) => readFileSync(folder.file(name), "utf8");

/** True while a process lives. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

test("a command gets the alert as JSON and as variables, in the folder of tq.toml", async () => {
  expect(
    await run('cat > in.json; echo "$TQ_ALERT_COUNT|$TQ_ALERT_IDS|$TQ_ALERT_TEXT" > env.txt'),
  ).toBeNull();
  expect(JSON.parse(read("in.json"))).toMatchObject({
    kind: "failures",
    database: "/shop/tq.db",
    count: 7,
    failures: [{ task: 42, call: "label.print", attempts: 3, failed_at: failure.failedAt }],
  });
  expect(read("env.txt")).toStartWith("7|42|7 failures in /shop/tq.db on ");
  expect(read("env.txt")).toContain(`task 42 label.print: ${failure.reason}\nand 6 more\n`);
  expect(await Bun.file(folder.file("bad")).exists()).toBe(false);
});

test("a list is a program and its arguments, which no shell reads", async () => {
  expect(await run(["sh", "-c", 'printf %s "$1" > out.txt', "sh", "$HOME; a b"])).toBeNull();
  expect(read("out.txt")).toBe("$HOME; a b");
});

test("a command that fails is told with its exit status and the end of what it printed", async () => {
  expect(await run("echo one; echo 'no route to mail' >&2; exit 7")).toMatch(
    /^it exited with 7; it printed: (one\nno route to mail|no route to mail\none)$/,
  );
  expect(await run(["no-such-program-here"])).toMatch(/^it exited with 127; .*not found/s);
  expect(await run("no-such-program-here")).toContain("it exited with 127");
  expect(await run("kill -TERM $$")).toBe("it was ended by SIGTERM");
});

test("a command that does not read its input has not failed", async () => {
  expect(await run("exec <&-; exit 0")).toBeNull();
});

test("a command that hangs is ended after its time, with all processes that it has started", async () => {
  const why = await run("sleep 1000 & echo $! > pid; echo $$ > shell; wait", 200);
  expect(why).toBe("it ran for 200 ms and was ended");
  await until(() => {
    expect(isAlive(Number(read("pid")))).toBe(false);
    expect(isAlive(Number(read("shell")))).toBe(false);
  });
});

test("a command that is deaf to signals is ended too", async () => {
  expect(await run("trap '' TERM INT HUP; while :; do sleep 1; done", 200)).toContain("was ended");
});

test("a process that a command leaves in the background ends with it, and does not keep its output open", async () => {
  const started = performance.now();
  expect(await run("sleep 1000 & echo $! > pid")).toBeNull();
  expect(performance.now() - started).toBeLessThan(10_000);
  await until(() => expect(isAlive(Number(read("pid")))).toBe(false));
});

test("a command that prints without an end is ended, and the log gets the end of it alone", async () => {
  const why = await run("yes 'a long line of output'", 20_000);
  expect(why).toStartWith("it was ended, as it printed more than 16 MB; it printed: ");
  expect(why?.length).toBeLessThan(1_200);
});

test("a command leaves no descriptor open", async () => {
  // Alone in its process: other tests open some meanwhile.
  await using helper = startHelper(`
    const { readdirSync } = await import("node:fs");
    const { runCommand } = await import("./src/worker/alerts/run-command.ts");
    const run = () =>
      runCommand(
        { command: "true", folder: ${JSON.stringify(folder.path)} },
        ${JSON.stringify(message)},
        new AbortController().signal,
      );
    const count = () => readdirSync("/proc/self/fd").length;
    await run();
    console.log(count());
    for (let runs = 0; runs < 5; runs++) await run();
    for (;;) {
      await line();
      console.log(count());
    }`);
  const before = Number(await helper.line());
  await until(async () => {
    helper.send("count");
    expect(Number(await helper.line())).toBeLessThanOrEqual(before);
  });
});

test("a command ends with its worker", async () => {
  const stopping = new AbortController();
  const running = run("echo $$ > pid; sleep 1000", 20_000, stopping.signal);
  await until(() => expect(Number(read("pid"))).toBeGreaterThan(0));
  stopping.abort();
  expect(await running).toBe("it was ended, as its worker stops");
  expect(await run("sleep 1000", 20_000, stopping.signal)).toBe(
    "it was ended, as its worker stops",
  );
});
