import { describe, expect, test } from "bun:test";
import { digestOf, newToken } from "../../src/admin/access/tokens.ts";
import type { Role } from "../../src/store/tokens.ts";
import { post } from "./pages/person.ts";
import { CALL, makeAdmin } from "./support.ts";

const SHOP = "shop-token-shop-token-shop-token-shop-token";

async function adminWith(roles: readonly Role[]) {
  const admin = makeAdmin();
  await admin.store.tokens.add({ name: "shop", roles }, digestOf(SHOP));
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await admin.ask(path, {
      method,
      headers: { authorization: `Bearer ${SHOP}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return answer.status;
  };
  return { ...admin, askAs: ask };
}

describe("a named token", () => {
  test.each<[Role, Record<string, number>]>([
    ["read", { look: 200, push: 403, result: 202, change: 403, pause: 403 }],
    ["push", { look: 403, push: 201, result: 202, change: 403, pause: 403 }],
    ["admin", { look: 200, push: 201, result: 202, change: 200, pause: 200 }],
  ])("with the role %s may do that, and nothing else", async (role, expected) => {
    await using admin = await adminWith([role]);
    await admin.post("/api/v1/tasks", [CALL, CALL]);
    const answers = {
      look: await admin.askAs("GET", "/api/v1/tasks"),
      push: await admin.askAs("POST", "/api/v1/tasks", CALL),
      result: await admin.askAs("GET", "/api/v1/tasks/1/result"),
      change: await admin.askAs("POST", "/api/v1/tasks/1/cancel"),
      pause: await admin.askAs("POST", "/api/v1/pauses", { queue: "print" }),
    };
    expect(answers).toEqual(expected as typeof answers);
    const older = {
      look: await admin.askAs("GET", "/api/tasks"),
      push: await admin.askAs("POST", "/api/tasks", CALL),
      change: await admin.askAs("POST", "/api/tasks/2/cancel"),
    };
    const { look, push, change } = expected as Record<keyof typeof older, number>;
    expect(older).toEqual({ look, push, change });
  });

  test("is named by the pauses and the runs by hand that its caller makes", async () => {
    await using admin = await adminWith(["admin"]);
    const cron = { name: "nightly", schedule: "0 3 * * *", task: "sale.process", instances: [] };
    expect(await admin.askAs("POST", "/api/v1/cron", cron)).toBe(201);
    await admin.askAs("POST", "/api/v1/pauses", { queue: "print" });
    await admin.askAs("POST", "/api/v1/cron/nightly/run", {});
    await admin.askAs("POST", "/api/v1/cron/nightly/pause", {});
    expect(await admin.store.pauses.list()).toMatchObject([{ by: "shop" }]);
    const { body } = await admin.get("/api/v1/cron/nightly");
    expect(body.pause.by).toBe("shop");
    const { body: history } = await admin.get("/api/v1/cron/nightly/history");
    expect(JSON.stringify(history)).toContain("run by hand by shop");
  });

  test("may have several roles", async () => {
    await using admin = await adminWith(["read", "push"]);
    expect(await admin.askAs("POST", "/api/v1/tasks", CALL)).toBe(201);
    expect(await admin.askAs("GET", "/api/v1/tasks")).toBe(200);
    expect(await admin.askAs("POST", "/api/v1/tasks/1/cancel")).toBe(403);
  });

  test("is told which role is missing", async () => {
    await using admin = await adminWith(["read"]);
    const { body } = await admin.ask("/api/v1/tasks/1/cancel", {
      method: "POST",
      headers: { authorization: `Bearer ${SHOP}` },
    });
    expect(body).toMatchObject({
      code: "forbidden",
      detail:
        'Cannot POST /api/v1/tasks/1/cancel: the token "shop" has the role read, and this needs admin',
    });
  });

  test("that is removed lets nobody in any more", async () => {
    await using admin = await adminWith(["admin"]);
    expect(await admin.askAs("GET", "/api/v1/tasks")).toBe(200);
    await admin.store.tokens.remove("shop");
    expect(await admin.askAs("GET", "/api/v1/tasks")).toBe(401);
  });

  test("that another process removes, or gives another role, is refused at the next request", async () => {
    await using admin = await adminWith(["push"]);
    const other = admin.database.open();
    for (let push = 0; push < 3; push++) {
      expect(await admin.askAs("POST", "/api/v1/tasks", CALL)).toBe(201);
    }
    await other.tokens.remove("shop");
    expect(await admin.askAs("POST", "/api/v1/tasks", CALL)).toBe(401);
    await other.tokens.add({ name: "shop", roles: ["read"] }, digestOf(SHOP));
    expect(await admin.askAs("POST", "/api/v1/tasks", CALL)).toBe(403);
    expect(await admin.store.list()).toHaveLength(3);
    await other.close();
  });
});

describe("wrong tokens", () => {
  test("of one address are not looked at after twenty within a minute, right ones are", async () => {
    await using admin = await adminWith(["read"]);
    const from = (address: string, token: string) =>
      admin.app.request(
        "/api/v1/tasks",
        { headers: { authorization: `Bearer ${token}` } },
        { address },
      );
    expect((await from("10.0.0.1", SHOP)).status).toBe(200);
    for (let guess = 0; guess < 20; guess++) {
      expect((await from("10.0.0.1", `wrong-${guess}`)).status).toBe(401);
    }
    const refused = await from("10.0.0.1", "wrong-20");
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await from("10.0.0.1", SHOP)).status).toBe(200);
    expect((await from("10.0.0.2", "wrong-21")).status).toBe(401);
  });

  describe.each([
    ["a token that tq made", newToken(), 200],
    ["a token that a user wrote", "x".repeat(40), 429],
  ])("do not keep %s", (_name, token, first) => {
    const withGuesses = async (before = 0) => {
      const admin = makeAdmin({ token });
      const ask = (shown: string) =>
        admin.app.request("/api/v1/tasks", { headers: { authorization: `Bearer ${shown}` } });
      if (before > 0) await ask(token);
      for (let guess = 0; guess < 30; guess++) await ask(`wrong-${guess}`);
      return Object.assign(admin, { askWith: ask });
    };

    test(`from being let in, also as the first one (${first})`, async () => {
      await using admin = await withGuesses();
      expect((await admin.askWith(token)).status).toBe(first);
      expect((await post(admin, "/sign-in", { token })).status).toBe(first === 200 ? 303 : first);
      expect((await admin.askWith("wrong")).status).toBe(429);
    });

    test("from being let in where it was right before", async () => {
      await using admin = await withGuesses(1);
      expect((await admin.askWith(token)).status).toBe(200);
    });
  });
});

describe("a request", () => {
  const ask = async (headers: Record<string, string>, hosts: readonly string[] = []) => {
    await using admin = makeAdmin({ hosts });
    const { status } = await admin.ask("/api/v1/tasks", { headers });
    return status;
  };

  test("for a name of admin.hosts is answered, for another one not", async () => {
    expect(await ask({ host: "shop.local:8989" }, ["shop.local"])).toBe(200);
    expect(await ask({ host: "SHOP.local" }, ["shop.local"])).toBe(200);
    expect(await ask({ host: "shop.local" })).toBe(403);
    expect(await ask({ host: "evil.example" }, ["shop.local"])).toBe(403);
  });

  test("of a page of another site is refused, one of a page of its own answered", async () => {
    expect(await ask({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" })).toBe(403);
    expect(await ask({ "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" })).toBe(403);
    expect(await ask({ "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" })).toBe(200);
    expect(await ask({ "sec-fetch-site": "none", "sec-fetch-mode": "navigate" })).toBe(200);
  });
});
