/** The table of recurring tasks in terminals of several widths. */
import { expect, test } from "bun:test";
import { recurringTable } from "../../cli/terminal/recurring.ts";
import type { Listed } from "../../src/tasks/cron/listed.ts";

const AT = new Date(2026, 10, 29, 14, 5).getTime();

const TASK: Listed = {
  name: "orders-to-the-warehouse",
  schedule: "30 2 * * *",
  words: "At 02:30",
  time_zone: "Europe/Berlin",
  task: "warehouse.order.send_all",
  queue: "default",
  next: AT,
  last: {
    slot: AT,
    first_slot: null,
    outcome: "pushed",
    reason: null,
    decided_at: AT,
    task: 1_234_567,
    state: "scheduled",
  },
  waiting: null,
  clock: "Europe/Berlin",
  decided_ahead: null,
  is_unknown: false,
  origin: "/srv/shop/tq.toml",
  held: true,
  others: [],
  edited: null,
  pause: null,
  removed_at: null,
  in_database: true,
  outdated: false,
  lacks_instances: false,
};

test.each([60, 80, 120, 140])(
  "of %p columns it keeps the times, the outcome, its task and the call",
  (width) => {
    const text = recurringTable([TASK], { width, colour: false });
    const words = text.replace(/\s+/g, " ");
    expect(words).toMatch(/11-29 14:05(?::00)? scheduled \(1234567\)/);
    if (width < 120)
      expect(words).toContain("warehouse.order.send_all: At 02:30 in Europe/Berlin, from tq.toml");
    for (const line of text.split("\n")) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(width);
  },
);

test("of forty columns it keeps what became of the last slot, below the name", () => {
  const lines = recurringTable([TASK], { width: 40, colour: false }).split("\n");
  expect(lines.slice(0, 3)).toEqual([
    "name                     next",
    "orders-to-the-warehouse  11-29 14:05",
    "    last 11-29 14:05 scheduled (1234567)",
  ]);
  for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(40);
});

test.each<[what: string, task: Partial<Listed>, mark: string]>([
  ["of a file", { held: false }, "waits for a worker that has its file"],
  [
    "of another host",
    { held: false, origin: "shop-1:/srv/tq.toml" },
    "waits for a worker of shop-1, which had it last",
  ],
  [
    "that two files say differently",
    { others: ["/srv/new/tq.toml"] },
    "/srv/new/tq.toml says another thing of it, which does not count",
  ],
  [
    "that two hosts say differently",
    { origin: "shop-1:/srv/tq.toml", others: ["shop-2:/srv/tq.toml", "shop-3:/srv/tq.toml"] },
    "shop-2:/srv/tq.toml, shop-3:/srv/tq.toml say another thing of it, which does not count as long as a worker of shop-1 lives",
  ],
])("one %s is marked so", (_, task, mark) => {
  const text = recurringTable([{ ...TASK, ...task }], { width: 300, colour: false });
  expect(text.replace(/\s+/g, " ")).toContain(mark);
});
