/** Answers that take long: they end when the token that asked for them is gone. */
import { expect, setSystemTime, test } from "bun:test";
import { digestOf } from "../../../src/admin/access/tokens.ts";
import { DAY_MS } from "../../../src/values/duration.ts";
import { newTask } from "../../support/store.ts";
import { signedIn } from "../pages/person.ts";
import { CALL, makeAdmin, TOKEN } from "../support.ts";
import { StreamReader, words } from "./stream.ts";

const SHOP = { authorization: "Bearer shop" };

/** A shop whose token may read. */
async function makeShop() {
  const admin = makeAdmin();
  await admin.store.tokens.add({ name: "shop", roles: ["read"] }, digestOf("shop"));
  const open = async (headers: Record<string, string>) =>
    new StreamReader(await admin.app.request("/api/v1/events", { headers }));
  return { ...admin, open };
}

test("an open stream of events ends when its token is removed, and those of others go on", async () => {
  await using admin = await makeShop();
  await using stream = await admin.open(SHOP);
  await using other = await admin.open({ authorization: `Bearer ${TOKEN}` });
  await admin.store.push([newTask()]);
  expect((await stream.take(1)).map(words)).toEqual(["task.pushed 1"]);
  await admin.store.tokens.remove("shop");
  expect(await stream.next()).toBeNull();
  expect((await admin.ask("/api/v1/events", { headers: SHOP })).status).toBe(401);
  await admin.store.push([newTask()]);
  expect((await other.take(2)).map(words)).toEqual(["task.pushed 1", "task.pushed 2"]);
});

test("an open stream of events ends when its token has another role", async () => {
  await using admin = await makeShop();
  await using stream = await admin.open(SHOP);
  await admin.store.tokens.remove("shop");
  await admin.store.tokens.add({ name: "shop", roles: ["push"] }, digestOf("shop"));
  expect(await stream.next()).toBeNull();
  expect((await admin.ask("/api/v1/events", { headers: SHOP })).status).toBe(403);
});

test("a wait for a result is refused where its token was removed meanwhile", async () => {
  await using admin = await makeShop();
  await admin.post("/api/v1/tasks", CALL);
  const waits = admin.ask("/api/v1/tasks/1/result?wait=1m", { headers: SHOP });
  await admin.store.tokens.remove("shop");
  await admin.store.cancel(1);
  const { status, body } = await waits;
  expect(status).toBe(401);
  expect(body.detail).toBe(
    "Unauthorized: the token was removed, or lost its role, while the request waited",
  );
});

test("an open stream of events ends with the session that asked for it", async () => {
  await using admin = await makeShop();
  const cookie = await signedIn(admin, "shop");
  await using stream = await admin.open({ cookie });
  try {
    setSystemTime(Date.now() + 31 * DAY_MS);
    await admin.store.push([newTask()]);
    expect(await stream.next()).toBeNull();
    const again = await admin.app.request("/api/v1/events", { headers: { cookie } });
    expect(again.status).toBe(401);
  } finally {
    setSystemTime();
  }
});

test.each(["/api/v1/events", "/api/v1/tasks", "/api/tasks"])(
  "HEAD %s leaves no stream open",
  async (path) => {
    await using admin = await makeShop();
    for (let count = 0; count < 2_049; count++) {
      const response = await admin.app.request(path, { method: "HEAD", headers: SHOP });
      if (response.status !== 200) throw new Error(`${response.status} after ${count}`);
    }
    await using stream = await admin.open(SHOP);
    expect((await stream.nextBlock())?.id).not.toBe("");
  },
);
