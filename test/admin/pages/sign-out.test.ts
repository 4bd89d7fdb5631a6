/** A session that was signed out is over for all who have its cookie. */
import { describe, expect, test } from "bun:test";
import { createAdmin } from "../../../src/admin/app.ts";
import { digestOf } from "../../../src/admin/access/tokens.ts";
import { parseSettings } from "../../../src/settings/config.ts";
import { makeAdmin, TOKEN } from "../support.ts";
import { StreamReader } from "../v1/stream.ts";
import { formTokenOf, get, post, signedIn } from "./person.ts";

type Admin = ReturnType<typeof makeAdmin>;

async function signOut(admin: Admin, cookie: string) {
  const form_token = await formTokenOf(admin, cookie);
  const answer = await post(admin, "/sign-out", { form_token }, cookie);
  expect(answer.status).toBe(303);
  return form_token;
}

/** Another process on the same database. */
function another(admin: Admin) {
  const store = admin.database.open();
  const config = parseSettings({}, "test");
  const options = { store, token: TOKEN, config, catalog: () => null };
  const app = createAdmin({ ...options, mode: "worker", version: "1.2.3" });
  return { ...admin, store, app, [Symbol.asyncDispose]: () => store.close() };
}

describe("the cookie of a session that was signed out", () => {
  test("lets nobody in: not to look, not to push, not to the API", async () => {
    await using admin = makeAdmin();
    const cookie = await signedIn(admin);
    const form_token = await signOut(admin, cookie);
    expect((await get(admin, "/", cookie)).status).toBe(303);
    expect((await get(admin, "/api/v1/tasks", cookie)).status).toBe(401);
    const push = { form_token, model: "sale", method: "process", instances: "7" };
    const pushed = await post(admin, "/push", push, cookie);
    expect(pushed.headers.get("location")).toBe("/sign-in");
    expect(await admin.store.list()).toEqual([]);
  });

  test("lets nobody in at another process, nor after a restart", async () => {
    await using admin = makeAdmin();
    const cookie = await signedIn(admin);
    await using other = another(admin);
    expect((await get(other, "/", cookie)).status).toBe(200);
    await signOut(admin, cookie);
    expect((await get(other, "/", cookie)).status).toBe(303);
    await using restarted = another(admin);
    expect((await get(restarted, "/", cookie)).status).toBe(303);
  });

  test("leaves other sessions of its token as they are", async () => {
    await using admin = makeAdmin();
    const [one, other] = [await signedIn(admin), await signedIn(admin)];
    await signOut(admin, one);
    expect((await get(admin, "/", other)).status).toBe(200);
  });
});

describe("the streams of a session that was signed out", () => {
  test.each(["/live", "/api/v1/events"])("end: %s", async (path) => {
    await using admin = makeAdmin();
    const cookie = await signedIn(admin);
    await using stream = new StreamReader(await get(admin, path, cookie));
    await stream.nextBlock();
    await signOut(admin, cookie);
    expect(await stream.next()).toBeNull();
  });

  test("end at another process too", async () => {
    await using admin = makeAdmin();
    const cookie = await signedIn(admin);
    await using other = another(admin);
    await using stream = new StreamReader(await get(other, "/live", cookie));
    await stream.nextBlock();
    await signOut(admin, cookie);
    let told = await stream.next();
    while (told !== null) told = await stream.next();
    expect((await get(other, "/live", cookie, { accept: "text/event-stream" })).status).toBe(401);
  });
});

test("the rows of signed-out sessions are bounded", async () => {
  await using admin = makeAdmin();
  const { store } = admin;
  const token = digestOf("shop").toHex();
  const now = store.now();
  const sessions = Array.from({ length: 150 }, (_, at) => ({
    token,
    id: `s${at}`,
    until: now + 1_000 + at,
  }));
  for (const session of sessions) await store.tokens.endSession(session);
  const rows = admin.database.sql("SELECT count(*) AS count FROM tq__ended_session");
  expect(rows).toEqual([{ count: 50 }]);
  for (const session of sessions) expect(await store.tokens.hasEnded(session)).toBe(true);
  const later = { token, id: "later", until: now + 5_000 };
  expect(await store.tokens.hasEnded(later)).toBe(false);
  expect(await store.tokens.hasEnded({ ...later, token: digestOf("x").toHex(), until: 1 })).toBe(
    false,
  );
});
