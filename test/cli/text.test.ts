import { describe, expect, test } from "bun:test";
import { formatTime } from "../../cli/terminal/text.ts";
import { formatSize } from "../../src/values/size.ts";
import { paint, terminalOf } from "../../cli/terminal/terminal.ts";

describe("formatTime", () => {
  test("is local time to the second", () => {
    expect(formatTime(new Date(2026, 6, 3, 4, 5, 9, 999).getTime())).toBe("2026-07-03 04:05:09");
  });

  test("is empty for no time, and the number itself for one that no calendar has", () => {
    expect(formatTime(null)).toBe("");
    expect(formatTime(9e18)).toBe("9000000000000000000");
  });
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [65_536, "65.5 kB"],
  [12_345_678, "12.3 MB"],
  [2.5e12, "2.5 TB"],
  [7e15, "7000.0 TB"],
])("formatSize of %d is %s", (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

describe("a terminal", () => {
  test("has its width and colours", () => {
    expect(terminalOf({ isTTY: true, columns: 120 }, {})).toEqual({ width: 120, colour: true });
    expect(terminalOf({ isTTY: true }, {}).width).toBe(80);
  });

  test("has no colours with NO_COLOR, nor when it is dumb", () => {
    expect(terminalOf({ isTTY: true }, { NO_COLOR: "1" }).colour).toBe(false);
    expect(terminalOf({ isTTY: true }, { NO_COLOR: "" }).colour).toBe(true);
    expect(terminalOf({ isTTY: true }, { TERM: "dumb" }).colour).toBe(false);
  });

  test("that is a pipe has neither width nor colours", () => {
    expect(terminalOf({}, { FORCE_COLOR: "1" })).toEqual({ width: null, colour: true });
    const pipe = terminalOf({ columns: 80 }, {});
    expect(pipe).toEqual({ width: null, colour: false });
    expect(paint(pipe, "red", "x")).toBe("x");
  });
});
