/** The words of the upkeep on the connection that keeps dead rows from being cleaned up. */
import { expect, test } from "bun:test";
import type { Access } from "../../src/postgres/access.ts";
import type { Connection } from "../../src/postgres/connection.ts";
import { tidy } from "../../src/postgres/sql/upkeep.ts";
import type { SnapshotHolder } from "../../src/store/condition.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/values/duration.ts";

const MANY = 150_000;

const PREPARED: SnapshotHolder = {
  kind: "prepared",
  name: "left",
  program: "",
  role: "ana",
  age: HOUR_MS,
};

/** The note of a server with so many dead rows, whose oldest snapshot has this holder. */
async function noteOf(dead: number, holder: SnapshotHolder | null): Promise<string | null> {
  const asked = (text: string) => (text.includes("n_dead_tup") ? { wanted: false, dead } : holder);
  const db = { get: async (text: string) => asked(text) } as unknown as Connection;
  const read: Access["read"] = async (fn) => fn(db);
  return (await tidy({ brief: read, read })).note;
}

test("upkeep names a prepared transaction that keeps dead rows, and the way to end it", async () => {
  expect(await noteOf(MANY, PREPARED)).toBe(
    `A prepared transaction, "left" (role ana), is open for 1 h: what has ended since cannot be cleaned up, and claims become slower; end it: COMMIT PREPARED or ROLLBACK PREPARED 'left'`,
  );
});

test("upkeep says nothing of a young snapshot, or where few rows are dead", async () => {
  expect(await noteOf(MANY, { ...PREPARED, age: MINUTE_MS })).toBeNull();
  expect(await noteOf(1_000, PREPARED)).toBeNull();
  expect(await noteOf(MANY, null)).toBeNull();
});
