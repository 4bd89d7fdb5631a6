/** Writing to standard error: full disks, slow readers, readers that have gone. */
import { afterAll, describe, expect, test } from "bun:test";
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
import { onDescriptor, UnwrittenError, writeLines } from "../../src/log/standard-stream.ts";
import { needs } from "../support/needs.ts";
import { AS_ANOTHER_USER, UNREAD_ERROR, UNREAD_TERMINAL } from "../support/tools.ts";
import { note, open, restoreTimeZone } from "./support.ts";

restoreTimeZone();

const LOG = JSON.stringify(join(import.meta.dir, "../../src/log/log.ts"));

const STANDARD_STREAM = JSON.stringify(join(import.meta.dir, "../../src/log/standard-stream.ts"));

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
    writeLines("é".repeat(500_000), onDescriptor(openFile(path, "w")));
    expect(readFileSync(path, "utf8")).toBe("é".repeat(500_000));
  });

  test("throws when the disk is full, which the log survives", () => {
    const full = onDescriptor(openFile("/dev/full", "w"));
    expect(() => writeLines("x\n", full)).toThrow("ENOSPC");
    const { log } = open({ write: (text) => writeLines(text, full) });
    log(note("a"));
    expect(log.flush).not.toThrow();
  });

  test("gives up on a pipe that nobody empties", () => {
    const path = join(folder, "pipe");
    Bun.spawnSync(["mkfifo", path]);
    const fd = openFile(path, constants.O_RDWR | constants.O_NONBLOCK);
    const full = onDescriptor(fd);
    expect(() => writeLines("x".repeat(1_000_000), full)).toThrow("EAGAIN");
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
        writeLines(lines, to, {
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

  /** Writes until the standard error is full, then says why on standard output. */
  const FILL = `
    import { writeLines } from ${STANDARD_STREAM};
    try {
      for (;;) writeLines("x\\n".repeat(1_000));
    } catch (error) {
      console.log(error.cause.code);
    }`;

  test("is not held up for ever by a pipe that nobody reads", async () => {
    const end = join(folder, "end");
    Bun.spawnSync(["mkfifo", end]);
    const shell = `{ { "$0" -e "$1" 2>&1 1>&3; echo >${end}; } | cat ${end} >&2; } 3>&1`;
    const child = Bun.spawn(["sh", "-c", shell, process.execPath, FILL], { stdin: "ignore" });
    expect(await new Response(child.stdout).text()).toBe("EAGAIN\n");
  });

  needs("python3").test("is not held up for ever by a socket that nobody reads", async () => {
    const command = ["python3", "-c", UNREAD_ERROR, process.execPath, "-e", FILL];
    const child = Bun.spawn(command, { stdin: "ignore" });
    expect(await new Response(child.stdout).text()).toBe("EAGAIN\n");
  });

  needs("root").test("is not held up for ever by another user's pipe", async () => {
    const end = join(folder, "another");
    Bun.spawnSync(["mkfifo", end]);
    const shell = `{ { ${AS_ANOTHER_USER.join(" ")} "$0" -e "$1" 2>&1 1>&3; echo >${end}; } | cat ${end} >&2; } 3>&1`;
    const child = Bun.spawn(["sh", "-c", shell, process.execPath, FILL], { stdin: "ignore" });
    expect(await new Response(child.stdout).text()).toBe("EAGAIN\n");
  });

  needs("root", "python3").test("is not held up for ever by another user's terminal", async () => {
    const out = join(folder, "out");
    const shell = `exec ${AS_ANOTHER_USER.join(" ")} "$0" -e "$1" >${out}`;
    const terminal = ["python3", "-c", UNREAD_TERMINAL, "sh", "-c", shell];
    const child = Bun.spawn([...terminal, process.execPath, FILL], { stdin: "ignore" });
    expect(await child.exited).toBe(0);
    expect(readFileSync(out, "utf8")).toBe("EAGAIN\n");
  });

  test("keeps its lines whole where others write to the same pipe", async () => {
    const script = `
      import { writeLines } from ${STANDARD_STREAM};
      const line = process.argv.at(-1).repeat(150) + "\\n";
      writeLines(line.repeat(3_000));`;
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
      import { writeLines } from ${STANDARD_STREAM};
      let gone = false;
      const write = (text) => {
        try {
          writeLines(text);
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
