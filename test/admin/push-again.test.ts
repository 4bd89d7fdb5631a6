/** `Idempotency-Key` on the older path of pushes. */
import { expect, test } from "bun:test";
import { CALL, makeAdmin } from "./support.ts";

async function pushTwice(body: unknown) {
  await using admin = makeAdmin();
  const init = {
    method: "POST",
    headers: { "Idempotency-Key": "order-7" },
    body: JSON.stringify(body),
  };
  const answers = [await admin.ask("/api/tasks", init), await admin.ask("/api/tasks", init)];
  const other = await admin.ask("/api/tasks", { ...init, body: JSON.stringify({ model: "vide" }) });
  const { length } = await admin.store.list();
  return { answers, other, length };
}

test.each([
  ["one task", { ...CALL, scheduled_at: "2h" }, 1],
  ["a list", [CALL, CALL], 2],
])(
  "a push of %s that comes again with its key is answered as the first time",
  async (_name, body, count) => {
    const { answers, other, length } = await pushTwice(body);
    const [first, again] = answers;
    expect([first?.status, again?.status]).toEqual([201, 201]);
    expect(again?.body).toEqual(first?.body);
    expect(first?.headers.get("idempotent-replayed")).toBeNull();
    expect(again?.headers.get("idempotent-replayed")).toBe("true");
    expect(length).toBe(count);
    expect([other.status, other.body.error.code]).toEqual([422, "invalid"]);
  },
);
