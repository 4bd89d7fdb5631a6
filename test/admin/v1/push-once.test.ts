import { describe, expect, test } from "bun:test";
import { CALL, makeAdmin } from "../support.ts";
import { documentOf, operationsOf } from "./document.ts";

type Admin = ReturnType<typeof makeAdmin>;

function push(admin: Admin, key: string, body: unknown, token?: string) {
  const headers = {
    "Idempotency-Key": key,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  return admin.ask("/api/v1/tasks", { method: "POST", headers, body: JSON.stringify(body) });
}

describe("a push with an Idempotency-Key", () => {
  test("that comes again is answered as the first time, and says that it is a replay", async () => {
    await using admin = makeAdmin();
    const first = await push(admin, "order-7", CALL);
    expect(first).toMatchObject({ status: 201, body: { ids: [1] } });
    expect(first.headers.get("idempotent-replayed")).toBeNull();
    await admin.post("/api/v1/tasks", CALL);
    const again = await push(admin, "order-7", CALL);
    expect(again).toMatchObject({ status: 201, body: { ids: [1] } });
    expect(again.headers.get("location")).toBe("/api/v1/tasks/1");
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(await admin.store.list()).toHaveLength(2);
  });

  test("is answered though its models are gone by now", async () => {
    let catalog: Record<string, string[]> = { sale: ["process"] };
    await using admin = makeAdmin({ catalog: () => catalog });
    await push(admin, "order-7", [CALL, CALL]);
    catalog = {};
    expect((await push(admin, "order-7", [CALL, CALL])).body).toEqual({ ids: [1, 2] });
  });

  test("is refused with another body", async () => {
    await using admin = makeAdmin();
    await push(admin, "order-7", CALL);
    const { status, body } = await push(admin, "order-7", { ...CALL, instances: 8 });
    expect(status).toBe(422);
    expect(body).toMatchObject({
      code: "invalid",
      detail:
        'Cannot push with the key "order-7": another push came with it; give each push a key of its own',
    });
    expect(await admin.store.list()).toHaveLength(1);
  });

  test("is made once where two come at once", async () => {
    await using admin = makeAdmin();
    const answers = await Promise.all([1, 2, 3].map(() => push(admin, "order-7", CALL)));
    expect(answers.map(({ body }) => body)).toEqual([{ ids: [1] }, { ids: [1] }, { ids: [1] }]);
    const replays = answers.filter(({ headers }) => headers.has("idempotent-replayed"));
    expect(replays).toHaveLength(2);
  });

  test("leaves the key free where it is refused", async () => {
    await using admin = makeAdmin();
    expect((await push(admin, "order-7", { ...CALL, priority: "high" })).status).toBe(422);
    expect((await push(admin, "order-7", CALL)).body).toEqual({ ids: [1] });
  });

  test("shares no key with another token", async () => {
    await using admin = makeAdmin();
    const token = "shop-token-shop-token-shop-token";
    const digest = new Bun.CryptoHasher("sha256").update(token).digest();
    await admin.store.tokens.add({ name: "shop", roles: ["push"] }, digest);
    await push(admin, "order-7", CALL);
    expect((await push(admin, "order-7", CALL, token)).body).toEqual({ ids: [2] });
  });

  test.each([
    ["no text at all", ""],
    ["256 characters", "x".repeat(256)],
    ["another alphabet", "größe"],
  ])("that is %s is refused", async (_, key) => {
    await using admin = makeAdmin();
    const { status, body } = await push(admin, key, CALL);
    expect(status).toBe(422);
    expect(body.detail).toContain("it must be 1 to 255 characters of ASCII");
    expect(await admin.store.list()).toEqual([]);
  });

  test("is in the OpenAPI document", async () => {
    await using admin = makeAdmin();
    const operations = operationsOf(await documentOf(admin));
    const { parameters } = operations.find(({ operationId }) => operationId === "pushTasks") ?? {};
    const own = parameters?.filter(({ name }) => name === "Idempotency-Key");
    expect(own).toMatchObject([{ in: "header" }]);
    expect(own?.[0]?.required).not.toBe(true);
  });
});
