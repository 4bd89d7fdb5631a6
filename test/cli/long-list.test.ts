/** Lists of more tasks than `tq list` shows. */
import { expect, test } from "bun:test";
import { newTask } from "../support/store.ts";
import { Folder } from "./tq.ts";

test("tq list says how many more there are than the hundred that it lists", async () => {
  await using full = new Folder();
  const store = full.store();
  await store.push(Array.from({ length: 252 }, (_, n) => newTask({ queue: n < 5 ? "mail" : "a" })));
  await store.close();
  const listed = async (...args: string[]) => {
    const { stdout, stderr } = await full.tqWith(
      { env: { TQ_QUEUE__WORKER: "1" } },
      "list",
      ...args,
    );
    return [stdout.trim().split("\n").length - 1, stderr];
  };
  expect(await listed()).toEqual([
    100,
    "tq: and 152 more: --before 153 lists the next, --limit N more at once\n",
  ]);
  expect(await listed("--queue", "a")).toEqual([
    100,
    "tq: and 147 more: --before 153 lists the next, --limit N more at once\n",
  ]);
  expect(await listed("--queue", "mail")).toEqual([5, ""]);
  expect(await listed("--limit", "10")).toEqual([
    10,
    "tq: and 242 more: --before 243 lists the next, --limit N more at once\n",
  ]);
  expect(await listed("-q")).toEqual([100, ""]);
});

test("tq list in a narrow terminal keeps the time of each task", async () => {
  await using folder = new Folder();
  const store = folder.store();
  const bare = { model: "send_invoice", method: "call", instances: [] };
  await store.push([newTask({ ...bare, queue: "mail" }), newTask({ queue: "labels of the shop" })]);
  await store.pauses.pause({ kind: "queue", name: "mail", by: "ana", reason: null, until: null });
  await store.close();
  for (const columns of [60, 50]) {
    const { text } = await folder.inTerminal({ columns }, "list", "-q");
    const lines = text.trimEnd().split("\n");
    expect(lines.filter((line) => /\d\d-\d\d \d\d:\d\d$/.test(line))).toHaveLength(2);
    for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(columns);
  }
});
