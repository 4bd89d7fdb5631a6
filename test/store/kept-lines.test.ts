/** What is kept of much that a run says: exactly so many of its newest lines, and how much came before them. */
import { expect, test } from "bun:test";
import { joinOutputs, KeptLines, linesOf } from "../../src/store/kept-lines.ts";
import { type OutputLine, parseOutput } from "../../src/store/task-output.ts";

const size = (text: string) => Buffer.byteLength(text) + 1;
const sizes = (texts: readonly string[]) => texts.reduce((sum, text) => sum + size(text), 0);

/** The plainest way to say what is kept. */
function expected(all: readonly string[]) {
  let [first, bytes] = [all.length, 0];
  while (first > 0 && all.length - first < 10_000) {
    bytes += size(all[first - 1] ?? "");
    if (bytes > 256_000) break;
    first -= 1;
  }
  return { texts: all.slice(first), cut: { lines: first, bytes: sizes(all.slice(0, first)) } };
}

const line = (text: string): OutputLine => ({ at: 1, level: "info", text });

function kept(texts: readonly string[]) {
  const lines = new KeptLines();
  for (const text of texts) lines.add(line(text));
  return shortOf(lines.text(null));
}

function shortOf(stored: string) {
  const { lines, cut } = parseOutput(1, stored);
  return { texts: lines.map(({ text }) => text), cut };
}

const ALL: [string, string[]][] = [
  ["nothing", []],
  ["one empty line", [""]],
  ["as many empty lines as are kept", Array.from({ length: 10_000 }, () => "")],
  ["empty lines", Array.from({ length: 45_678 }, () => "")],
  ["short lines", Array.from({ length: 31_234 }, (_, index) => `line ${index}`)],
  ["exactly the most bytes", Array.from({ length: 256 }, () => "x".repeat(999))],
  ["one byte more", ["", ...Array.from({ length: 256 }, () => "x".repeat(999))]],
  ["lines of every length", Array.from({ length: 1_500 }, (_, index) => "x".repeat(index))],
  ["Unicode", Array.from({ length: 3_000 }, (_, index) => "é漢😀\ufffd\u0000".repeat(index % 50))],
  ["quotes, which take more room in JSON", Array.from({ length: 900 }, () => '"\\'.repeat(400))],
];

test.each(ALL)("of %s exactly the newest is kept, said line by line", (_, texts) => {
  expect(kept(texts)).toEqual(expected(texts));
});

test.each(ALL)("of %s exactly the newest is kept, said as one text", (_, texts) => {
  if (texts.length === 0) return;
  const lines = new KeptLines();
  const before = ["before", "and before"];
  for (const text of before) lines.add(line(text));
  const said = linesOf(`${texts.join("\n")}\n`);
  if (said.cut.lines > 0) lines.skip(said.cut);
  for (const text of said.lines) lines.add(line(text));
  expect(shortOf(lines.text(null))).toEqual(expected([...before, ...texts]));
});

test.each(ALL)("of %s exactly the newest is kept, joined from parts", (_, texts) => {
  for (const at of [0, 1, Math.floor(texts.length / 2), texts.length]) {
    const parts = [texts.slice(0, at), texts.slice(at)].map((part) => {
      const lines = new KeptLines();
      for (const text of part) lines.add(line(text));
      return parseOutput(1, lines.text(null));
    });
    expect(shortOf(joinOutputs(...parts))).toEqual(expected(texts));
  }
});

test.each([
  ["alone", []],
  ["behind others", ["first", "", "third"]],
])("a line longer than all that is kept, %s, is shortened and says by how much", (_, before) => {
  const long = "é".repeat(300_000);
  const said = linesOf([...before, long, "the end"].join("\n"));
  const short = `${"é".repeat(10_000)}… (580000 more bytes)`;
  expect(said).toEqual({ lines: [...before, short, "the end"], cut: { lines: 0, bytes: 0 } });
});

test("the bytes of shortened lines that are cut are those that would have been kept", () => {
  const long = "é".repeat(20_000);
  const short = `${"é".repeat(10_000)}… (20000 more bytes)`;
  const texts = Array.from({ length: 40 }, () => short);
  const { lines, cut } = linesOf(Array.from({ length: 40 }, () => long).join("\n"));
  expect({ texts: [...lines], cut }).toEqual(expected(texts));
});

test("half of a pair of surrogates is made whole and counted so", () => {
  const lone = "\ud83d";
  const texts = Array.from({ length: 200_000 }, () => lone);
  const { lines, cut } = linesOf(texts.join("\n"));
  expect(cut).toEqual({ lines: 190_000, bytes: 190_000 * 4 });
  expect(lines[0]).toBe("\ufffd");
});

test("joined parts go on with the last progress that was said", () => {
  const done = (count: number) => ({ at: 1, done: count, total: 9, text: null });
  const none = parseOutput(1, "");
  const text = joinOutputs({ ...none, progress: done(1) }, none);
  expect(parseOutput(1, text).progress).toEqual(done(1));
  const later = joinOutputs({ ...none, progress: done(1) }, { ...none, progress: done(2) });
  expect(parseOutput(1, later).progress).toEqual(done(2));
});
