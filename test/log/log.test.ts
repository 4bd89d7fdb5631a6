/** A log: its lines as text and as JSON, its levels, and what it does when it cannot write. */
import { describe, expect, test } from "bun:test";
import { formatJson, formatText, wantsColour } from "../../src/log/log.ts";
import {
  ERROR,
  FAILED,
  FINISHED,
  note,
  NOW,
  open,
  PLAIN,
  restoreTimeZone,
  RUN,
} from "./support.ts";

restoreTimeZone();

describe("text", () => {
  test("is one line with the task, its method, attempt and duration", () => {
    process.env["TZ"] = "UTC";
    expect(formatText(FINISHED, NOW, PLAIN)).toBe(
      "2026-11-23 14:03:07.123+00:00 info  task 42 finished  sale.process [7]  run 1  3.1 ms",
    );
    expect(formatText(FAILED, NOW, PLAIN)).toBe(
      "2026-11-23 14:03:07.123+00:00 error task 42 failed  sale.process [7]  run 1  12 ms  TypeError: no price",
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
      message: "task 42 failed  sale.process [7]  run 1  12 ms  TypeError: no price",
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

  test("a single line that the log lost is counted in the singular", () => {
    let full = true;
    const kept: string[] = [];
    const { log } = open({
      write(text) {
        if (full) throw new Error("no space left");
        kept.push(text);
      },
    });
    log(note("a"));
    log.flush();
    full = false;
    log(note("b"));
    log.flush();
    expect(kept[0]).toContain("1 line of the log was lost: it could not be written\n");
  });
});

test("colour is for terminals that have it and people who want it", () => {
  expect(wantsColour(true, {})).toBe(true);
  expect(wantsColour(true, { NO_COLOR: "" })).toBe(true);
  expect(wantsColour(false, {})).toBe(false);
  expect(wantsColour(true, { NO_COLOR: "1" })).toBe(false);
  expect(wantsColour(true, { TERM: "dumb" })).toBe(false);
});

test("FORCE_COLOR gives a pipe colour, also beside NO_COLOR, and takes it away with 0", () => {
  expect(wantsColour(false, { FORCE_COLOR: "1" })).toBe(true);
  expect(wantsColour(false, { FORCE_COLOR: "3", NO_COLOR: "1", TERM: "dumb" })).toBe(true);
  expect(wantsColour(false, { FORCE_COLOR: "" })).toBe(false);
  expect(wantsColour(true, { FORCE_COLOR: "0" })).toBe(false);
  expect(wantsColour(true, { FORCE_COLOR: "false" })).toBe(false);
});
