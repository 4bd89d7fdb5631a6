import { describe, expect, test } from "bun:test";
import { LeftFiles } from "../../src/worker/left-files.ts";

/** What a process has open when its threads begin, and when one of them has ended. */
function reason(before: number, open: number, limit = 256): string | null {
  const counts = [before, open].map((count) => ({ open: count, limit }));
  const files = new LeftFiles(() => counts.shift() ?? null);
  files.begin();
  return files.reasonToEnd();
}

describe("a worker whose thread has ended", () => {
  test("goes on while a quarter of the files that it could open at its start are left", () => {
    expect(reason(56, 206)).toBeNull();
    expect(reason(200, 241)).toBeNull(); // the program around it has the 200
  });

  test("ends when less is left, and says how many are open", () => {
    expect(reason(56, 207)).toBe(
      "this process has 207 of the 256 files open that it may have, and files of ended threads stay open",
    );
  });

  test("ends when a new thread could not start, as a task has lowered the limit", () => {
    expect(reason(24, 18, 20)).toStartWith("this process has 18 of the 20 files open");
    expect(reason(24, 24, 64)).toBeNull();
  });

  test("ends when it can open none, even to count them", () => {
    for (const limit of [256, Infinity]) {
      expect(reason(56, Infinity, limit)).toStartWith("this process has all files open");
    }
  });

  test("goes on where the system does not tell, or sets no limit", () => {
    expect(new LeftFiles(() => null).reasonToEnd()).toBeNull();
    expect(reason(56, 100_000, Infinity)).toBeNull();
  });
});
