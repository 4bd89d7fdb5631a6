/** The times in the query of a list: in each form that JSON has, too. */
import { expect, test } from "bun:test";
import { CALL, makeAdmin, NOW } from "./support.ts";

test.each(["1h", "PT1H", "2024-02-29T11:59Z", "2024-02-29T12:59+01:00", String(NOW - 1)])(
  "the tasks that were pushed after %s are found, and not those before",
  async (time) => {
    await using admin = makeAdmin();
    await admin.post("/api/tasks", CALL);
    const count = async (field: string) => {
      const { body } = await admin.get(`/api/v1/tasks?${new URLSearchParams({ [field]: time })}`);
      return (body.tasks as unknown[]).length;
    };
    expect(await count("pushed_after")).toBe(1);
    expect(await count("pushed_before")).toBe(0);
  },
);

test("a list is refused a time of ms that no calendar has", async () => {
  await using admin = makeAdmin();
  const { status, body } = await admin.get("/api/v1/tasks?pushed_after=8640000000000001");
  expect(status).toBe(422);
  expect(body.detail).toContain(
    "pushed_after: 8640000000000001 is not a time in ms since 1970 UTC",
  );
});
