/** What a person sees of a task that is followed, on a terminal and through a pipe. */
import { describe, expect, test } from "bun:test";
import type { Followed } from "../../cli/command/follow.ts";
import { FollowView, type ViewOptions } from "../../cli/terminal/follow-view.ts";
import type { WatchedTask } from "../../src/tasks/watch.ts";
import { NOW, situation } from "../tasks/why/situations.ts";

function progress(done: number, total: number | null, text: string | null = null): Followed {
  return { event: "progress", attempt: 1, progress: { at: NOW, done, total, text } };
}

function line(text: string): Followed {
  return { event: "line", attempt: 1, line: { at: NOW, level: "info", text } };
}

function state(task: Partial<WatchedTask>): Followed {
  return { event: "state", task: { ...situation().task, progress: null, ...task } };
}

/** Shows these, and returns what was written. */
function shown(width: number | null, events: Followed[], more: Partial<ViewOptions> = {}): string {
  let text = "";
  const view = new FollowView({
    json: false,
    terminal: () => ({ width, colour: false }),
    write: (part) => ((text += part), true),
    ...more,
  });
  for (const event of events) view.show(7, event);
  return text;
}

const ERASE = "\r\u001b[K";

describe("on a terminal", () => {
  test.each([
    [20, "5 of 9, 55 %, page…"],
    [30, "5 of 9, 55 %, page 5"],
    [60, "[################--------------] 5 of 9, 55 %, page 5"],
    [140, "[################--------------] 5 of 9, 55 %, page 5"],
  ])("how far it is takes one line of %i columns", (width, bar) => {
    expect(shown(width, [progress(5, 9, "page 5")])).toBe(ERASE + bar);
  });

  test.each([
    [0, 9, "[------------------------------] 0 of 9, 0 %"],
    [99, 9, "[##############################] 99 of 9, 100 %"],
    [-3, 9, "[------------------------------] -3 of 9, 0 %"],
    [7, null, "7"],
    [7, 0, "7 of 0"],
  ])("%i of %p is shown as it can be", (done, total, bar) => {
    expect(shown(80, [progress(done, total)])).toBe(ERASE + bar);
  });

  test("a text that could act on the terminal cannot, and wide characters fit", () => {
    const text = shown(60, [progress(1, 2, `\u001b[2J\n${"漢".repeat(100)}`)]).slice(ERASE.length);
    expect(text).not.toContain("\u001b");
    expect(text).not.toContain("\n");
    expect(Bun.stringWidth(text)).toBeLessThan(60);
  });

  test("lines come above it, and it goes with the run", () => {
    const failed = state({ state: "failed", finished_at: NOW, reason: "Error: off" });
    const parts = shown(60, [progress(1, 2), line("a"), failed, line("b")]).split(ERASE);
    const bar = "[###############---------------] 1 of 2, 50 %";
    expect(parts.map((part) => part.replace(/\d\d:\d\d:\d\d/, "T"))).toEqual([
      "",
      bar,
      `T info  a\n${bar}`,
      "T task 7 has failed: Error: off\n",
      "T info  b\n",
    ]);
  });
});

describe("through a pipe", () => {
  test("each thing is a line, and how far it is one a second, and the last one", () => {
    const events = [progress(1, 9), progress(2, 9), line("a"), progress(9, 9)];
    expect(shown(null, events).replace(/^.{19} /gm, "")).toBe(
      "progress 1 of 9, 11 %\ninfo  a\nprogress 9 of 9, 100 %\n",
    );
  });

  test("as JSON each event is a line", () => {
    const text = shown(null, [state({ state: "running" }), progress(1, 9), line("a\u001b")], {
      json: true,
    });
    expect(text).not.toContain("\u001b");
    expect(
      text
        .trim()
        .split("\n")
        .map((one) => JSON.parse(one) as unknown),
    ).toMatchObject([
      { event: "state", task: 7, state: "running", attempts: 0 },
      { event: "progress", task: 7, attempt: 1, done: 1, total: 9, text: null },
      { event: "line", task: 7, attempt: 1, level: "info", text: "a\u001b" },
    ]);
  });

  test("lines that are gone have a mark in their place, and why nothing can be read a line", () => {
    const events: Followed[] = [
      line("a"),
      { event: "skipped", attempt: 1, skipped: { lines: 1_234, bytes: 56_789 } },
      { event: "skipped", attempt: 1, skipped: { lines: 1, bytes: 7 } },
      { event: "unread", attempt: 1, reason: "EACCES: open '/srv/\u001b'" },
    ];
    expect(shown(null, events).split("\n").slice(1)).toEqual([
      "[1,234 lines are missing here, 56,789 bytes: the task said more than is kept]",
      "[1 line is missing here, 7 bytes: the task said more than is kept]",
      "[cannot read what it says now: EACCES: open '/srv/\\x1b']",
      "",
    ]);
    expect(
      shown(null, events.slice(1), { json: true })
        .trim()
        .split("\n")
        .map((one) => JSON.parse(one) as unknown),
    ).toEqual([
      { event: "skipped", task: 7, attempt: 1, lines: 1_234, bytes: 56_789 },
      { event: "skipped", task: 7, attempt: 1, lines: 1, bytes: 7 },
      { event: "unread", task: 7, attempt: 1, reason: "EACCES: open '/srv/\u001b'" },
    ]);
  });

  test("in brief, how the task stands is left out", () => {
    const events = [state({ state: "running" }), line("a"), state({ state: "finished" })];
    expect(shown(null, events, { brief: true })).toMatch(/^.{19} info {2}a\n$/);
  });
});
