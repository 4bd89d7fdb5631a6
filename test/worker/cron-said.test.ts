/** The lines of the log that tell what became of slots. */
import { expect, test } from "bun:test";
import type { CronSlot, SlotOutcome } from "../../src/cron/ledger.ts";
import { eventWords } from "../../src/log/words.ts";
import type { Event } from "../../src/log/events.ts";
import { saySlots } from "../../src/worker/cron-said.ts";

const AT = Date.UTC(2026, 10, 2, 12);
const HOUR = 3_600_000;

function slot(hour: number, outcome: SlotOutcome, more: Partial<CronSlot> = {}): CronSlot {
  const slot = AT + hour * HOUR;
  const row = { cron: "hourly", slot, firstSlot: null, decidedAt: AT, outcome, reason: "why" };
  return { ...row, task: outcome === "pushed" ? 41 : null, ...more };
}

function said(slots: readonly CronSlot[]): string[] {
  const events: Event[] = [];
  saySlots((event) => void events.push(event), slots);
  return events.map((event) => eventWords(event));
}

test("many slots that were left out at once are one line, with the first and the last of them", () => {
  const first = slot(1, "missed", { firstSlot: AT - 90 * HOUR, reason: "the first" });
  const slots = [
    first,
    slot(2, "missed"),
    slot(3, "missed", { reason: "the last" }),
    slot(4, "pushed"),
  ];
  expect(said(slots)).toEqual([
    "recurring task hourly pushed task 41  slot 2026-11-02T16:00:00.000Z  why",
    "recurring task hourly missed its time  slots 2026-10-29T18:00:00.000Z to 2026-11-02T15:00:00.000Z  the last",
  ]);
});

test("one slot has its time alone, and a paused one no line", () => {
  expect(said([slot(1, "paused"), slot(2, "skipped"), slot(3, "waiting")])).toEqual([
    "recurring task hourly is left out  slot 2026-11-02T14:00:00.000Z  why",
    "recurring task hourly waits  slot 2026-11-02T15:00:00.000Z  why",
  ]);
});
