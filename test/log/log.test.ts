import { afterAll, afterEach, describe, expect, test } from "bun:test";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { levelOf } from "../../src/log/events.ts";
import type { Event } from "../../src/log/events.ts";
import { createLog, formatJson, formatText, wantsColour } from "../../src/log/log.ts";
import type { LogOptions } from "../../src/log/log.ts";
import { onDescriptor, UnwrittenError, writeStandardError } from "../../src/log/standard-error.ts";

const RUN = { task: 42, attempt: 1, model: "sale", method: "process", queue: "default" };
const FINISHED: Event = { name: "task.finished", ...RUN, duration: 3.1 };
const ERROR = {
  name: "TypeError",
  message: "no price",
  stack: "TypeError: no price\n    at sale.ts:7",
};
const FAILED: Event = { name: "task.failed", ...RUN, duration: 12, error: ERROR };

const NOW = Date.UTC(2026, 10, 23, 14, 3, 7, 123);
const PLAIN = { colour: false };

const TZ = process.env["TZ"] ?? "Etc/UTC"; // what the test runner sets

afterEach(() => {
  process.env["TZ"] = TZ;
});

/** A log in UTC that keeps what it wrote. */
function open(options: Partial<LogOptions> = {}) {
  process.env["TZ"] = "UTC";
  const writes: string[] = [];
  const log = createLog({
    level: "info",
    format: "text",
    write: (text) => void writes.push(text),
    clock: { now: () => NOW, monotonic: () => 0 },
    colour: false,
    ...options,
  });
  return { log, writes };
}

function note(message: string): Event {
  return { name: "log.note", level: "info", message };
}

describe("text", () => {
  test("is one line with the task, its method, attempt and duration", () => {
    process.env["TZ"] = "UTC";
    expect(formatText(FINISHED, NOW, PLAIN)).toBe(
      "2026-11-23 14:03:07.123+00:00 info  task 42 finished  sale.process  attempt 1  3.1 ms",
    );
    expect(formatText(FAILED, NOW, PLAIN)).toBe(
      "2026-11-23 14:03:07.123+00:00 error task 42 failed  sale.process  attempt 1  12 ms  TypeError: no price",
    );
  });

  test("tells the two half past two of a night in autumn apart", () => {
    process.env["TZ"] = "Europe/Berlin";
    const summer = Date.UTC(2026, 9, 25, 0, 30);
    expect(formatText(note("x"), summer, PLAIN)).toStartWith("2026-10-25 02:30:00.000+02:00 ");
    expect(formatText(note("x"), summer + 3_600_000, PLAIN)).toStartWith(
      "2026-10-25 02:30:00.000+01:00 ",
    );
  });

  test("has offsets west of Greenwich and of half hours", () => {
    process.env["TZ"] = "America/St_Johns";
    const time = Date.UTC(2026, 6, 1, 1, 2, 3, 4);
    expect(formatText(note("x"), time, PLAIN)).toStartWith("2026-06-30 22:32:03.004-02:30 ");
  });

  test("stays one line whatever a message holds", () => {
    const message = "a\nb\r\tc\u001b[31md\u0000\u009b\u2028\u202ee";
    expect(formatText(note(message), NOW, PLAIN)).toEndWith(
      String.raw` info  a\nb\r\tc\x1b[31md\x00\x9b\u2028\u202ee`,
    );
  });

  test("has an error's stack on indented lines when it is asked for", () => {
    const lines = formatText(FAILED, NOW, { colour: false, stack: true }).split("\n");
    expect(lines).toHaveLength(3);
    expect(lines.slice(1)).toEqual(["    TypeError: no price", "    at sale.ts:7"]);
  });

  test("colours the level alone", () => {
    process.env["TZ"] = "UTC";
    expect(formatText(FAILED, NOW, { colour: true })).toContain(
      " \u001b[31merror\u001b[0m task 42 failed",
    );
  });
});

describe("JSON", () => {
  test("has the time in UTC, the level, the event, its words and its fields", () => {
    process.env["TZ"] = "Europe/Berlin";
    expect(JSON.parse(formatJson(FAILED, NOW))).toEqual({
      time: "2026-11-23T14:03:07.123Z",
      level: "error",
      event: "task.failed",
      message: "task 42 failed  sale.process  attempt 1  12 ms  TypeError: no price",
      ...RUN,
      duration: 12,
      error: ERROR,
    });
  });

  test("is one line that reads back as it was", () => {
    const message = 'a\nb\u001b\u009b\u2028"\\';
    const line = formatJson(note(message), NOW);
    expect(line).toMatch(/^[ -~]+$/);
    expect(JSON.parse(line)).toMatchObject({ message });
  });
});

const EVENTS: [Event, string][] = [
  [
    {
      name: "worker.started",
      worker: "w1",
      threads: 1,
      queues: [],
      database: "/d/tq.db",
      models: null,
      mode: "worker",
    },
    "worker w1 started  1 thread  queues all  database /d/tq.db  models none  mode worker",
  ],
  [
    {
      name: "worker.started",
      worker: "w1",
      threads: 2,
      queues: ["a", "b*"],
      database: "/d",
      models: "/m.ts",
      mode: "no worker",
    },
    "worker w1 started  2 threads  queues a, b*  database /d  models /m.ts  mode no worker",
  ],
  [
    { name: "worker.stopping", reason: "SIGTERM", grace: 30_000 },
    "worker stops: SIGTERM; running tasks have 30 s to end",
  ],
  [{ name: "worker.stopped", worker: "w1" }, "worker w1 stopped"],
  [
    { name: "worker.rescued", worker: "w1", pid: 7, tasks: 2 },
    "worker w1 (pid 7) died: 2 tasks put back",
  ],
  [{ name: "thread.replaced", thread: 1, reason: "max_tasks" }, "thread 1 replaced: max_tasks"],
  [{ name: "task.started", ...RUN }, "task 42 started  sale.process  attempt 1"],
  [
    { name: "task.retried", ...RUN, delay: 1200, error: { ...ERROR, message: "" } },
    "task 42 is tried again in 1.2 s  sale.process  attempt 1  TypeError",
  ],
  [
    { name: "task.interrupted", ...RUN, reason: "the worker stops" },
    "task 42 interrupted and put back: the worker stops  sale.process  attempt 1",
  ],
  [
    { name: "task.crashed", ...RUN, reason: "exit code 7", crashes: 2 },
    "task 42 crashed: exit code 7  sale.process  attempt 1  crash 2",
  ],
  [
    { name: "task.poisoned", ...RUN, crashes: 3 },
    "task 42 set aside as failed after 3 crashes  sale.process  attempt 1",
  ],
  [{ name: "task.cancelled", task: 42, reason: null }, "task 42 cancelled"],
  [{ name: "task.cancelled", task: 42, reason: "not needed" }, "task 42 cancelled: not needed"],
  [
    { name: "task.late", ...RUN, outcome: "finished" },
    "task 42 lost its claim before it ended; its work was discarded  sale.process  attempt 1  it would have finished",
  ],
  [
    { name: "task.inline", ...RUN, scheduledAt: NOW },
    "task 42 runs now although it is scheduled for 2026-11-23T14:03:07.123Z: queue.worker is false  sale.process  attempt 1",
  ],
  [
    { name: "lock.held", task: 42, thread: 1, duration: 1500 },
    "task 42 has held the write lock for 1.5 s and holds up all others; call Transaction.current.commit() before it waits",
  ],
  [
    { name: "admin.listening", url: "http://127.0.0.1:8989", token: "/d/tq.token" },
    "admin API listens on http://127.0.0.1:8989  token in /d/tq.token",
  ],
  [
    { name: "store.failed", database: "/d", error: ERROR },
    "/d cannot be used  TypeError: no price",
  ],
  [{ name: "store.recovered", database: "/d", duration: 2000 }, "/d can be used again after 2 s"],
  [
    { name: "config.worker_off", file: null },
    "queue.worker is false: this worker runs only tasks pushed by SQL or HTTP and tasks left by dead programs, as programs run their own; set [queue] worker = true in tq.toml to have it run all tasks",
  ],
];

test.each(EVENTS)("words %j", (event, words) => {
  expect(formatText(event, NOW, PLAIN).slice(36)).toBe(words);
  expect(JSON.parse(formatJson(event, NOW))).toMatchObject({
    message: words,
    level: levelOf(event),
  });
  expect(structuredClone(event)).toEqual(event);
});

describe("a log", () => {
  test("writes the lines of one turn together", async () => {
    const { log, writes } = open();
    log(note("a"));
    log(note("b"));
    expect(writes).toEqual([]);
    await new Promise(setImmediate);
    expect(writes).toHaveLength(1);
    expect(writes[0]).toMatch(/ info {2}a\n.* info {2}b\n$/);
    log(note("c"));
    await new Promise(setImmediate);
    expect(writes).toHaveLength(2);
  });

  test("writes at once what is flushed, and nothing twice", async () => {
    const { log, writes } = open();
    log(note("a"));
    log.flush();
    log.flush();
    await new Promise(setImmediate);
    expect(writes).toHaveLength(1);
  });

  test("does not gather without end in one long turn", () => {
    const { log, writes } = open();
    for (let index = 0; index < 5000; index++) log(note(`line ${index}`));
    log.flush();
    expect(writes.length).toBeGreaterThan(2);
    expect(writes.join("").split("\n")).toHaveLength(5001);
  });

  test.each([
    ["error", ["task.failed"]],
    ["info", ["task.failed", "task.finished"]],
    ["debug", ["task.failed", "task.finished", "task.started"]],
  ] as const)("of level %s has the urgent events", (level, names) => {
    const { log, writes } = open({ level, format: "json" });
    for (const event of [FAILED, FINISHED, { name: "task.started", ...RUN } as const]) log(event);
    log.flush();
    const lines = writes.join("").trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([...names]);
  });

  test("has stacks in text only when it is a debug log", () => {
    for (const [level, lines] of [
      ["info", 1],
      ["debug", 3],
    ] as const) {
      const { log, writes } = open({ level });
      log(FAILED);
      log.flush();
      expect(writes.join("").trimEnd().split("\n")).toHaveLength(lines);
    }
  });

  test("survives a full disk and says how many lines were lost", () => {
    let full = true;
    const kept: string[] = [];
    const { log } = open({
      write(text) {
        if (full) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
        kept.push(text);
      },
    });
    log(note("a"));
    log(note("b"));
    log.flush();
    log(note("c"));
    log.flush();
    full = false;
    log(note("d"));
    log.flush();
    log(note("e"));
    log.flush();
    expect(kept[0]).toMatch(
      / warn {2}3 lines of the log were lost: they could not be written\n.* d\n$/,
    );
    expect(kept[1]).not.toContain("lost");
  });
});

const LOG = JSON.stringify(join(import.meta.dir, "../../src/log/log.ts"));
const STANDARD_ERROR = JSON.stringify(join(import.meta.dir, "../../src/log/standard-error.ts"));

describe("writing to standard error", () => {
  const folder = mkdtempSync(join(tmpdir(), "tq-log-"));
  const opened: number[] = [];

  afterAll(() => {
    for (const fd of opened) closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  function openFile(path: string, flags: string | number): number {
    const fd = openSync(path, flags);
    opened.push(fd);
    return fd;
  }

  test("writes all of a text", () => {
    const path = join(folder, "log");
    writeStandardError("é".repeat(500_000), onDescriptor(openFile(path, "w")));
    expect(readFileSync(path, "utf8")).toBe("é".repeat(500_000));
  });

  test("throws when the disk is full, which the log survives", () => {
    const full = onDescriptor(openFile("/dev/full", "w"));
    expect(() => writeStandardError("x\n", full)).toThrow("ENOSPC");
    const { log } = open({ write: (text) => writeStandardError(text, full) });
    log(note("a"));
    expect(log.flush).not.toThrow();
  });

  test("gives up on a pipe that nobody empties", () => {
    const path = join(folder, "pipe");
    Bun.spawnSync(["mkfifo", path]);
    const fd = openFile(path, constants.O_RDWR | constants.O_NONBLOCK);
    const full = onDescriptor(fd);
    expect(() => writeStandardError("x".repeat(1_000_000), full)).toThrow("EAGAIN");
  });

  /** A pipe, its reader, and a time in which only waiting passes. */
  function pipe(name: string) {
    const path = join(folder, name);
    Bun.spawnSync(["mkfifo", path]);
    const fd = openFile(path, constants.O_RDWR | constants.O_NONBLOCK);
    const to = onDescriptor(fd);
    let now = performance.now() + 3_600_000;
    let [waited, slice] = [0, 0];
    const read = (bytes: number) => {
      const buffer = Buffer.alloc(bytes);
      return buffer.toString("latin1", 0, readSync(fd, buffer));
    };
    let text = "";
    return {
      /** Someone reads so many bytes a ms of waiting. */
      readWhileWaiting(bytes: number) {
        slice = bytes;
      },
      pass: (ms: number) => (now += ms),
      waited: () => waited,
      /** What has been read so far, and what is there. */
      all: () => (text += read(1_000_000)),
      write: (lines: string) =>
        writeStandardError(lines, to, {
          now: () => now,
          sleep: (ms) => {
            now += ms;
            waited += ms;
            if (slice > 0) text += read(slice);
          },
        }),
    };
  }

  test("waits for a slow reader a fifth of the time, and says what it has lost", () => {
    const slow = pipe("slow");
    const { log } = open({ write: slow.write });
    slow.readWhileWaiting(20);
    const line = "x".repeat(900);
    for (let second = 0; second < 60; second++) {
      for (let i = 0; i < 100; i++) log(note(`${line} ${second * 100 + i}`));
      log.flush();
      slow.pass(1_000);
    }
    expect(slow.waited()).toBeWithin(5_000, 1_000 + 0.2 * 80_000);
    slow.all();
    slow.readWhileWaiting(100_000);
    log(note("the end"));
    log.flush();
    const lines = slow.all().trimEnd().split("\n");
    const through = lines.filter((text) => text.includes("xxx"));
    const lost = lines.flatMap((text) => /(\d+) lines of the log were lost/.exec(text)?.[1] ?? []);
    const torn = through.filter((text) => !/ \d+$/.test(text)).length;
    const total = lost.map(Number).reduce((sum, one) => sum + one, 0);
    expect(through.length - torn + total).toBe(6_000);
    expect(lines.at(-1)).toEndWith("the end");
  });

  test("begins a new line behind one of which only a part was written", () => {
    const full = pipe("full");
    expect(() => full.write(`${"x".repeat(200_000)}\na\nb\n`)).toThrow(UnwrittenError);
    expect(full.all()).toMatch(/^x+$/);
    full.pass(60_000);
    full.write("c\n");
    full.write("d\n");
    expect(full.all()).toMatch(/^x+\nc\nd\n$/);
  });

  test("is not held up for ever by a pipe that nobody reads", async () => {
    const script = `
      import { writeStandardError } from ${STANDARD_ERROR};
      try {
        for (;;) writeStandardError("x\\n".repeat(1_000));
      } catch (error) {
        console.log(error.cause.code);
      }`;
    const end = join(folder, "end");
    Bun.spawnSync(["mkfifo", end]);
    const shell = `{ { "$0" -e "$1" 2>&1 1>&3; echo >${end}; } | cat ${end} >&2; } 3>&1`;
    const child = Bun.spawn(["sh", "-c", shell, process.execPath, script], { stdin: "ignore" });
    expect(await new Response(child.stdout).text()).toBe("EAGAIN\n");
  });

  test("keeps its lines whole where others write to the same pipe", async () => {
    const script = `
      import { writeStandardError } from ${STANDARD_ERROR};
      const line = process.argv.at(-1).repeat(150) + "\\n";
      writeStandardError(line.repeat(3_000));`;
    const writer = (letter: string) => `"$0" -e "$1" ${letter}`;
    const shell = `{ ${writer("a")} & ${writer("b")} & ${writer("c")}; wait; } 2>&1 | dd bs=50 2>&-`;
    const child = Bun.spawn(["sh", "-c", shell, process.execPath, script], { stdin: "ignore" });
    const lines = (await new Response(child.stdout).text()).trimEnd().split("\n");
    expect(lines.filter((line) => !/^(?:a{150}|b{150}|c{150})$/.test(line))).toEqual([]);
    expect(lines).toHaveLength(9_000);
  });

  test("survives a reader that has gone", async () => {
    const script = `
      import { createLog } from ${LOG};
      import { writeStandardError } from ${STANDARD_ERROR};
      let gone = false;
      const write = (text) => {
        try {
          writeStandardError(text);
        } catch (error) {
          gone = error.cause.code === "EPIPE";
          throw error;
        }
      };
      const clock = { now: () => 0, monotonic: () => 0 };
      const log = createLog({ level: "info", format: "text", write, clock, colour: false });
      while (!gone) {
        log({ name: "log.note", level: "info", message: "x" });
        log.flush();
      }
      console.log("survived");`;
    const shell = '{ "$0" -e "$1" 2>&1 1>&3 | :; } 3>&1';
    const child = Bun.spawn(["sh", "-c", shell, process.execPath, script], { stdin: "ignore" });
    expect(await new Response(child.stdout).text()).toBe("survived\n");
  });
});

test("colour is for terminals that have it and people who want it", () => {
  expect(wantsColour(true, {})).toBe(true);
  expect(wantsColour(true, { NO_COLOR: "" })).toBe(true);
  expect(wantsColour(false, {})).toBe(false);
  expect(wantsColour(true, { NO_COLOR: "1" })).toBe(false);
  expect(wantsColour(true, { TERM: "dumb" })).toBe(false);
});
