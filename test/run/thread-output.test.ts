/** What a run says: kept with it, and shown to other processes meanwhile. */
import * as clocks from "../../src/clock.ts";
import { beforeEach, expect, spyOn, test } from "bun:test";
import { INSPECT } from "../../src/inspect.ts";
import { ThreadOutput } from "../../src/run/thread-output.ts";
import { NOTHING_CUT, type OutputRun, parseOutput } from "../../src/store/task-output.ts";
import type { ClaimedTask } from "../../src/task.ts";
import { RunningTask } from "../../src/transaction/current-task.ts";
import type { Unit } from "../../src/transaction/unit.ts";

const NOW = 1_795_000_000_000;

let shown: string[];
let output: ThreadOutput;

beforeEach(() => {
  shown = [];
  const live = {
    begin: ({ id, attempt }: OutputRun) => void shown.push(`begin ${id} ${attempt}`),
    append: (text: string) => shown.push(text) > 0,
    replace: (text: string) => shown.push(`replace ${text.length}`) > 0,
  };
  output = new ThreadOutput({ signalTaken() {} }, { now: () => NOW }, live);
});

function running(id: number, attempt = 1, claim = 1): RunningTask {
  const claimed = { id, attempt, claim, model: "job", method: "work", queue: "default", user: 0 };
  return new RunningTask(claimed as ClaimedTask, {}, output);
}

const taken = (id: number) => parseOutput(1, output.take({ id }) ?? "");

test("a run that says nothing keeps nothing, and shows nothing", () => {
  running(7);
  expect([output.take({ id: 7 }), shown]).toEqual([null, []]);
});

test("lines and the last progress are kept in the order in which they were said", () => {
  const task = running(7);
  task.log("begun", { copies: 2 });
  task.say("error", "no paper\nin tray 2\n");
  task.progress(1, 9);
  task.progress(7, 9, "page 7");
  expect(taken(7)).toEqual({
    attempt: 1,
    cut: NOTHING_CUT,
    lines: [
      { at: NOW, level: "info", text: "begun {" },
      { at: NOW, level: "info", text: "  copies: 2," },
      { at: NOW, level: "info", text: "}" },
      { at: NOW, level: "error", text: "no paper" },
      { at: NOW, level: "error", text: "in tray 2" },
    ],
    progress: { at: NOW, done: 7, total: 9, text: "page 7" },
  });
  expect(output.take({ id: 7 })).toBeNull();
});

test("a run that has ended keeps nothing more, and takes nothing from the run after it", () => {
  const printed: string[] = [];
  const print = ({ id }: RunningTask, _level: string, text: string) =>
    void printed.push(`${id} ${text}`);
  const host = new ThreadOutput({ signalTaken() {} }, { now: () => NOW }, null, { print });
  const claimed = (id: number) => ({ id, attempt: 1, claim: 1, user: 0 }) as ClaimedTask;
  const [first, second] = [1, 2].map((id) => new RunningTask(claimed(id), {}, host));
  const unit = { ended: false };
  first?.begin(unit as Unit);
  first?.log("before");
  unit.ended = true;
  second?.begin({ ended: false } as Unit);
  second?.log("own");
  first?.log("late");
  first?.progress(1, 2);
  second?.log("own too");
  const { lines, progress } = parseOutput(1, host.take({ id: 2 }) ?? "");
  expect([lines.map(({ text }) => text), progress]).toEqual([["own", "own too"], null]);
  expect(printed).toEqual(["1 before", "2 own", "1 late", "2 own too"]);
});

/** Values that JSON cannot carry, and that no text is made of without an error. */
const HARD: readonly (readonly [unknown, string])[] = [
  [Object.create(null), "[Object: null prototype] {}"],
  [{ toString: () => 5, a: 1n }, "{ toString: [Function: toString], a: 1n, }"],
  [Symbol("ink"), "Symbol(ink)"],
  [new Map([[1, 2]]), "Map(1) { 1: 2, }"],
  [
    {
      [INSPECT]() {
        throw new Error("no");
      },
    },
    "(a value that throws when it is shown)",
  ],
];

test.each(HARD)("the task may log %#, and say it as its progress", (value, text) => {
  const task = running(7);
  task.log("has", value);
  task.progress(value as number, value as number, value as string);
  const { lines, progress } = taken(7);
  const said = lines.map((line) => line.text.trim()).join(" ");
  expect(said).toBe(`has ${text}`);
  expect(progress).toEqual({ at: NOW, done: 0, total: null, text });
});

test("a progress of bigints counts, and one of numbers that JSON lacks is not known", () => {
  const task = running(7);
  task.progress(3n as never, 7n as never);
  expect(taken(7).progress).toMatchObject({ done: 3, total: 7 });
  task.progress(Number.NaN, Infinity);
  expect(taken(7).progress).toMatchObject({ done: 0, total: null });
});

test("the first line is shown at once, under the task and the run that says it", () => {
  running(7, 2).log("begun");
  expect(shown).toEqual(["begin 7 2", expect.stringContaining('"text":"begun"')]);
});

test("all that a run says is shown before it goes on, so that it blocks or dies with nothing untold", () => {
  const task = running(7);
  task.log("first");
  task.log("second");
  task.progress(1, 2, "the press runs");
  expect(shown.at(-2)).toContain('"text":"second"');
  expect(shown.at(-1)).toContain("the press runs");
});

test("how far a run is, is shown anew only after much that it has said since", () => {
  const task = running(7);
  task.progress(1, 2, "the press runs");
  for (let page = 1; page <= 10; page++) task.log("page", page);
  const times = () => shown.filter((text) => text.includes("the press runs")).length;
  expect(times()).toBe(1);
  task.log("a long line ".repeat(500));
  expect(times()).toBe(2);
  expect(shown.at(-1)).toEndWith('"text":"the press runs"}\n');
});

test("a run that talks without a pause is shown now and then", () => {
  const task = running(7);
  for (let done = 0; done < 100_000; done++) task.progress(done, 100_000);
  expect(shown.length).toBeLessThan(5_000);
  expect(taken(7).progress?.done).toBe(99_999);
});

test("what is shown of a run that says for days how far it is stays short", () => {
  let now = 0;
  using _ = spyOn(clocks, "monotonicNow").mockImplementation(() => (now += 1_000));
  const task = running(7);
  let [size, longest] = [0, 0];
  for (let done = 0; done < 20_000; done++) {
    shown.length = 0;
    task.progress(done, 20_000, "a page of the many that there are");
    const [text = ""] = shown;
    size = text.startsWith("replace") ? Number(text.split(" ")[1]) : size + text.length;
    longest = Math.max(longest, size);
  }
  expect(longest).toBeLessThan(1_000_000);
});

test("a huge line is cut, and its half surrogate pair made whole", () => {
  running(7).log("😀".repeat(100_000));
  const [line] = taken(7).lines;
  expect(line?.text).toEndWith("😀… (380000 more bytes)");
  expect(line?.text.length).toBeLessThan(10_030);
  expect(line?.text.isWellFormed()).toBe(true);
});

test.each([
  [Number.NaN, 9],
  [Infinity, 9],
  [1, Number.NaN],
  [1, Infinity],
])("progress of %p of %p is what JSON can carry", (done, total) => {
  running(7).progress(done, total);
  const { progress } = taken(7);
  expect([progress?.done, progress?.total]).toEqual([
    Number.isFinite(done) ? done : 0,
    Number.isFinite(total) ? total : null,
  ]);
});

test("what one run has said is not kept with another", () => {
  running(7).log("of seven");
  running(8).log("of eight");
  expect(output.take({ id: 7 })).toBeNull();
  expect(taken(8).lines.map(({ text }) => text)).toEqual(["of eight"]);
});

test("a run that is tried again in place goes on with what its first try has said", () => {
  running(7).log("first try");
  running(7).log("second try");
  expect(taken(7).lines).toHaveLength(2);
  expect(shown.filter((text) => text.startsWith("begin"))).toHaveLength(1);
});

test("a run that could not be settled, and is claimed again, shows what its first try has said too", () => {
  let now = 0;
  using _ = spyOn(clocks, "monotonicNow").mockImplementation(() => (now += 1_000));
  running(7, 1, 1).log("first try");
  const { length } = shown;
  running(7, 1, 2).log("second try");
  expect(shown.slice(length)).toEqual(["begin 7 1", expect.stringMatching(/^replace/)]);
  expect(taken(7).lines).toHaveLength(2);
});

test("a torn last line, as a death leaves it, costs nothing but that line", () => {
  const text = '{"at":1,"level":"info","text":"whole"}\n{"at":2,"lev';
  expect(parseOutput(1, text).lines).toEqual([{ at: 1, level: "info", text: "whole" }]);
});

test("what a run says is printed, what it writes to a stream itself is not printed again", () => {
  const printed: unknown[] = [];
  output = new ThreadOutput({ signalTaken() {} }, { now: () => NOW }, null, {
    print: ({ id }, level, text) => printed.push([id, level, text]),
  });
  const task = running(7);
  task.say("warn", "\u001b[31mno paper\u001b[0m\n");
  task.keep("info", "written\n");
  expect(printed).toEqual([[7, "warn", "no paper\n"]]);
  expect(taken(7).lines.map(({ text }) => text)).toEqual(["no paper", "written"]);
});

test("without keeping, lines are printed alone, and progress is kept", () => {
  let printed = 0;
  const live = {
    begin() {},
    append: (text: string) => shown.push(text) > 0,
    replace: () => true,
  };
  output = new ThreadOutput({ signalTaken() {} }, { now: () => NOW }, live, {
    keep: false,
    print: () => (printed += 1),
  });
  running(7).log("a line");
  expect([output.take({ id: 7 }), printed, shown]).toEqual([null, 1, []]);
  const task = running(8);
  task.log("a line");
  task.progress(1, 2);
  expect(taken(8)).toMatchObject({ lines: [], progress: { done: 1, total: 2 } });
});

test("of one text of many megabytes only the end is looked at", () => {
  const began = performance.now();
  running(7).log(`${"\n".repeat(30_000_000)}the end`);
  expect(performance.now() - began).toBeLessThan(5_000);
  const { lines, cut } = taken(7);
  expect(lines.at(-1)?.text).toBe("the end");
  expect(cut).toEqual({ lines: 29_990_001, bytes: 29_990_001 });
});

test("a live output that did not take all is written anew at the next look", () => {
  let now = 0;
  using _ = spyOn(clocks, "monotonicNow").mockImplementation(() => (now += 1_000));
  const written: string[] = [];
  let isFull = true;
  const take = (kind: string) => (text: string) =>
    written.push(`${kind} ${text.split("\n").length - 1}`) > 0 && !isFull;
  output = new ThreadOutput(
    { signalTaken() {} },
    { now: () => NOW },
    {
      begin() {},
      append: take("append"),
      replace: take("replace"),
    },
  );
  const task = running(7);
  task.log("first");
  task.log("second");
  isFull = false;
  task.log("third");
  task.log("fourth");
  expect(written).toEqual(["append 1", "replace 2", "replace 3", "append 1"]);
});

test("after a text of which lines are skipped the live output is written anew", () => {
  let now = 0;
  using _ = spyOn(clocks, "monotonicNow").mockImplementation(() => (now += 1_000));
  running(7).log("first");
  running(7).log("x\n".repeat(200_000));
  expect(shown.at(-1)).toStartWith("replace");
});
