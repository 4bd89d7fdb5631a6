/** A database that another program holds for longer than a push waits. */
import { expect, test } from "bun:test";
import { LocalTurn } from "../../../src/sqlite/lock/turn.ts";
import { SqliteStore } from "../../../src/sqlite/store.ts";
import { CALL, makeAdmin } from "../../admin/support.ts";

test("a push over HTTP waits in a sentence when another program holds the database", async () => {
  await using admin = makeAdmin({ database: { timeout: "20ms" } });
  const other = new SqliteStore({ path: admin.store.name, turn: new LocalTurn() });
  const session = other.session();
  await session.begin();
  const { status, headers, body } = await admin.post("/api/tasks", CALL);
  expect(status).toBe(503);
  expect(headers.get("retry-after")).toBe("1");
  expect(body.error.code).toBe("busy");
  expect(admin.events).toMatchObject([{ name: "log.note", level: "warn" }]);
  await other.release(session);
  await other.close();
  expect((await admin.post("/api/tasks", CALL)).status).toBe(201);
});
