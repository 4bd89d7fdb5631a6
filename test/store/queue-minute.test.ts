/** The pace of a queue of which more tasks end in a minute than are read. */
import { expect, test } from "bun:test";
import { addEnds, ENDS_SAMPLED, type SampledEnds } from "../../src/store/queue-minute.ts";

const NOW = 1_000_000;

test("where all ends of the minute were read, they are counted", () => {
  const finished: SampledEnds[] = [{ queue: "mail", ended: 5, first: NOW - 50 }];
  const failed: SampledEnds[] = [{ queue: "mail", ended: 2, first: NOW - 9_000 }];
  const ends = { finished, failed, cancelled: [] };
  expect(addEnds((state) => ends[state], NOW)).toEqual([{ queue: "mail", ended: 7 }]);
});

test("where only the newest were read, the others are taken to have ended at their pace", () => {
  const mail = { queue: "mail", ended: ENDS_SAMPLED - 10, first: NOW - 6_000 };
  const print = { queue: "print", ended: 10, first: NOW - 100 };
  const ends = { finished: [mail, print], failed: [], cancelled: [] };
  expect(addEnds((state) => ends[state], NOW)).toEqual([
    { queue: "mail", ended: (ENDS_SAMPLED - 10) * 10 },
    { queue: "print", ended: 100 },
  ]);
});
