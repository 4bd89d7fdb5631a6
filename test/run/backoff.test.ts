import { describe, expect, test } from "bun:test";
import { laterOrNever, waitInPlace } from "../../src/run/backoff.ts";

const BUSY = {
  kind: "postponed",
  delay: 0,
  error: { name: "TqError", message: "busy", stack: null },
} as const;

/** A task at the run of this number, where each run before it met a busy database. */
function attempt(number: number): { postponed: number } {
  return { postponed: number - 1 };
}

function longest(number: number): number {
  const outcome = laterOrNever(attempt(number), BUSY, () => 1);
  if (outcome.kind !== "postponed") throw new Error(outcome.kind);
  return outcome.delay;
}

describe("a task that met a busy database", () => {
  test("waits 20, 40, … 100 ms between its tries in place", () => {
    expect([1, 2, 3, 4, 5, 6, 20].map(waitInPlace)).toEqual([20, 40, 60, 80, 100, 100, 100]);
  });

  test("comes back within ten seconds, doubled with each attempt up to an hour", () => {
    expect([1, 2, 3, 9, 10, 20].map(longest)).toEqual([
      10_000, 20_000, 40_000, 2_560_000, 3_600_000, 3_600_000,
    ]);
  });

  test("comes back at a random part of that time, so that not all come at once", () => {
    expect(laterOrNever(attempt(1), BUSY, () => 0.25)).toMatchObject({
      kind: "postponed",
      delay: 2500,
    });
    expect(laterOrNever(attempt(1), BUSY, () => 0)).toMatchObject({ kind: "postponed", delay: 0 });
  });

  test("keeps its error, and fails with it when it has been tried long enough", () => {
    expect(laterOrNever(attempt(20), BUSY)).toMatchObject({ kind: "postponed", error: BUSY.error });
    expect(laterOrNever(attempt(21), BUSY)).toEqual({ kind: "failed", error: BUSY.error });
  });
});
