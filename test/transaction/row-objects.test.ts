/** The objects of a transaction's rows do not fill the memory. */
import { expect, test } from "bun:test";
import { RowObjects } from "../../src/transaction/row-objects.ts";

test("gives the object that was set last for a row of a table", () => {
  const objects = new RowObjects();
  const made = [{}, {}, {}, {}] as const;
  objects.set("a", 1, made[0]);
  objects.set("a", 2, made[1]);
  objects.set("b", 1, made[2]);
  objects.set("a", 2, made[3]);
  expect(objects.get("a", 1)).toBe(made[0]);
  expect(objects.get("a", 2)).toBe(made[3]);
  expect(objects.get("b", 1)).toBe(made[2]);
  expect(objects.get("b", 2)).toBeUndefined();
});

test("forgets objects that no code has any more", async () => {
  const objects = new RowObjects();
  for (let id = 1; id <= 100_000; id++) {
    objects.set("a", id, { id });
    if (id % 5_000 > 0) continue;
    await new Promise(setImmediate); // a weak reference keeps its object until the turn is over
    Bun.gc(true);
  }
  expect(objects.size).toBeLessThan(50_000);
});
