import { describe, expect, test } from "bun:test";
import { block, table } from "../../cli/terminal/table.ts";

const COLUMNS = [
  { title: "id", align: "right" },
  { title: "name", min: 4 },
  { title: "why", min: 4 },
] as const;

function lines(rows: string[][], width: number | null): string[] {
  return table(COLUMNS, rows, { width }).split("\n");
}

describe("table", () => {
  test("gives each column the width of its widest text", () => {
    expect(
      lines(
        [
          ["1", "alpha", "x"],
          ["20", "b", ""],
        ],
        80,
      ),
    ).toEqual(["id  name   why", " 1  alpha  x", "20  b"]);
  });

  test("cuts a column with a limit also where there is no terminal", () => {
    const columns = [{ title: "queue", most: 6 }, { title: "n" }];
    const rows = [
      ["mail", "1"],
      ["q".repeat(1_000), "2"],
    ];
    expect(table(columns, rows, { width: null }).split("\n")).toEqual([
      "queue   n",
      "mail    1",
      "qqqqq…  2",
    ]);
  });

  test("cuts the widest column first, down to the terminal's width", () => {
    const rows = [["1", "a".repeat(10), "b".repeat(30)]];
    expect(lines(rows, 30)[1]).toBe(" 1  aaaaaaaaaa  bbbbbbbbbbbbb…");
    expect(lines(rows, 20)[1]).toBe(" 1  aaaaaa…  bbbbbb…");
    for (const width of [30, 20, 14, 8]) {
      for (const line of lines(rows, width))
        expect(Bun.stringWidth(line)).toBeLessThanOrEqual(width);
    }
  });

  test("leaves out a column that says the same on each line before it cuts another one", () => {
    const columns = [{ title: "id" }, { title: "queue", givesWay: true }, { title: "why", min: 4 }];
    const lineOf = (queues: string[], width: number | null) =>
      table(
        columns,
        queues.map((queue) => ["1", queue, "no paper"]),
        { width },
      ).split("\n")[1];
    expect(lineOf(["default", "default"], 21)).toBe("1   default  no paper");
    expect(lineOf(["default", "default"], 20)).toBe("1   no paper");
    expect(lineOf(["default", "mail"], 20)).toBe("1   default  no pap…");
    expect(lineOf(["default", "default"], null)).toBe("1   default  no paper");
  });

  test("leaves out what it can do without, the last one first, before the end of each line is cut", () => {
    const columns = [
      { title: "id" },
      { title: "queue", min: 4, expendable: true },
      { title: "tries", expendable: true },
      { title: "time" },
    ];
    const lineOf = (width: number) =>
      table(columns, [["1", "default", "3", "11-29 14:05"]], { width }).split("\n")[1];
    expect(lineOf(28)).toBe("1   def…  3      11-29 14:05");
    expect(lineOf(27)).toBe("1   default  11-29 14:05");
    expect(lineOf(19)).toBe("1   11-29 14:05");
  });

  test("cuts nothing when it is not on a terminal", () => {
    expect(lines([["1", "a".repeat(500), "b"]], null)[1]).toBe(` 1  ${"a".repeat(500)}  b`);
  });

  test("counts wide characters as two columns and never cuts one in half", () => {
    const rows = [
      ["1", "日本語テキスト", "x"],
      ["2", "plain", "y"],
    ];
    const [, wide = "", plain = ""] = lines(rows, 80);
    expect(Bun.stringWidth(wide.slice(0, wide.indexOf("x")))).toBe(plain.indexOf("y"));
    expect(lines(rows, 15)[1]).toBe(" 1  日本…   x");
    expect(lines([["1", "👩‍👩‍👧‍👧👩‍👩‍👧‍👧👩‍👩‍👧‍👧", "x"]], 13)[1]).toBe(" 1  👩‍👩‍👧‍👧…   x");
  });

  test("writes out what could act on the terminal", () => {
    const [, line] = lines([["1", "a\u001b[2Jb\nc", "\u202ex\u0007\u009b"]], 80);
    expect(line).toBe(" 1  a\\x1b[2Jb\\nc  \\u202ex\\x07\\x9b");
  });

  test("takes a hundred thousand rows", () => {
    const rows = Array.from({ length: 100_000 }, (_, at) => [String(at), "x", "y"]);
    expect(lines(rows, 80)).toHaveLength(100_001);
  });
});

describe("block", () => {
  test("puts the values below each other and leaves out the empty ones", () => {
    expect(
      block([
        ["id", "7"],
        ["reason", ""],
        ["state", "a\u001bb"],
      ]),
    ).toBe("id     7\nstate  a\\x1bb");
  });
});
