/** The reasons that tq says of a task that waits while the disk takes no writes. */
import { expect, test } from "bun:test";
import { whyOf } from "../../../src/tasks/why/why.ts";
import { situation } from "./situations.ts";

const MODE = { mode: "worker", policy: null } as const;
const FULL = "Cannot write to /tq.db: the disk is full; free some space and try again";

test("a full disk comes before the tasks ahead, as more threads would run no more", () => {
  const place = { ahead: 429 };
  expect(whyOf(situation({ place }), MODE).cause).toBe("behind");
  expect(whyOf(situation({ place, blocked: FULL }), MODE)).toMatchObject({
    cause: "trouble",
    sentence: `Task 7 waits, as no task can run: ${FULL}`,
    command: "tq status",
  });
});

test("no worker comes before a full disk", () => {
  expect(whyOf(situation({ workers: [], blocked: FULL }), MODE).cause).toBe("no_worker");
});
