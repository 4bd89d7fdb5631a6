import { describe, expect, test } from "bun:test";
import { hostname } from "node:os";
import { CALL, TOKEN, makeAdmin } from "./support.ts";

describe("the token", () => {
  test.each([
    ["nothing", undefined],
    ["another token", `Bearer ${TOKEN}x`],
    ["a part of it", `Bearer ${TOKEN.slice(0, -1)}`],
    ["an empty one", "Bearer "],
    ["another scheme", `Basic ${TOKEN}`],
    ["no scheme", TOKEN],
    ["two", `Bearer ${TOKEN} ${TOKEN}`],
    ["a very long one", `Bearer ${"x".repeat(8000)}`],
  ])("is asked for: %s is 401", async (_what, authorization) => {
    await using admin = makeAdmin();
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const body = JSON.stringify(CALL);
    const response = await admin.app.request("/api/tasks", { method: "POST", headers, body });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    const answer = (await response.json()) as { error: { code: string; message: string } };
    expect(answer.error.code).toBe("unauthorized");
    expect(answer.error.message).toStartWith("Unauthorized: ");
    expect(answer.error.message).not.toContain(TOKEN);
    expect(await admin.store.list()).toEqual([]);
  });

  test("is asked for on every path and method of the API, known or not", async () => {
    await using admin = makeAdmin();
    for (const path of ["/api", "/api/tasks", "/api/tasks/1", "/api/status", "/api/nothing"]) {
      for (const method of ["GET", "POST", "DELETE", "OPTIONS"]) {
        expect((await admin.app.request(path, { method })).status).toBe(401);
      }
    }
  });

  test("is asked for before the body is looked at", async () => {
    await using admin = makeAdmin();
    const body = "x".repeat(2 * 1024 * 1024);
    expect((await admin.app.request("/api/tasks", { method: "POST", body })).status).toBe(401);
  });

  test("lets in, however the scheme is written", async () => {
    await using admin = makeAdmin();
    for (const authorization of [`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER  ${TOKEN}`]) {
      const { status } = await admin.ask("/api/tasks", { headers: { authorization } });
      expect(status).toBe(200);
    }
  });
});

describe("the host", () => {
  test.each([
    "evil@localhost",
    "localhost/evil",
    "localhost?evil",
    "localhost#evil",
    "localhost\\evil",
  ])("is refused where it is more than a name and a port: %s", async (host) => {
    await using admin = makeAdmin();
    expect((await admin.ask("/api/tasks", { headers: { host } })).status).toBe(403);
  });

  const hosts = async (listening: string | undefined, names: string[]) => {
    await using admin = makeAdmin(listening === undefined ? {} : { hostname: listening });
    const answers = await Promise.all(
      names.map((host) => admin.ask("/api/tasks", { headers: { host } })),
    );
    return answers.map(({ status }) => status);
  };

  test("may be a loopback name with any port", async () => {
    const names = ["localhost", "localhost:9000", "LOCALHOST:1", "127.0.0.1:8989", "127.8.9.1"];
    expect(await hosts(undefined, [...names, "[::1]:8989"])).toEqual(Array(6).fill(200));
  });

  test("may be the one that is listened on", async () => {
    expect(await hosts("192.0.2.7", ["192.0.2.7:8989"])).toEqual([200]);
    expect(await hosts("Office.Example", ["office.example:8989"])).toEqual([200]);
    expect(await hosts("2001:DB8:0::7", ["[2001:db8::7]:8989"])).toEqual([200]);
  });

  test("may not be any other name", async () => {
    const names = ["evil.example:8989", "localhost.evil.example", "127.0.0.1.evil.example"];
    const odd = ["192.0.2.7", "a b", "@", "localhost@evil.example", ""];
    expect(await hosts(undefined, names)).toEqual([403, 403, 403]);
    const [own, evil] = ["localhost:8989", "evil.example:8989"];
    expect(await hosts(undefined, [own, own, evil, own, evil])).toEqual([200, 200, 403, 200, 403]);
    expect(await hosts(undefined, odd)).toEqual([403, 403, 403, 403, 403]);
    expect(await hosts("192.0.2.7", ["192.0.2.8"])).toEqual([403]);
  });

  test("may be any address or the machine's name where all addresses are listened on", async () => {
    const names = ["192.0.2.7:8989", "[2001:db8::7]", hostname(), "localhost"];
    expect(await hosts("0.0.0.0", names)).toEqual([200, 200, 200, 200]);
    expect(await hosts("::", names)).toEqual([200, 200, 200, 200]);
    expect(await hosts("0.0.0.0", ["evil.example"])).toEqual([403]);
  });

  test("is looked at before the token, and for the health check too", async () => {
    await using admin = makeAdmin();
    const headers = { host: "evil.example" };
    const response = await admin.app.request("/healthz", { headers });
    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({
      error: {
        code: "forbidden",
        message:
          'Cannot answer for the host "evil.example": this is not its server; use the address that tq printed when it started, or put the name into admin.hosts',
      },
    });
  });
});

describe("the origin", () => {
  test.each([
    ["localhost:8989", "http://localhost:8989", 201],
    ["localhost", "http://localhost:80", 201],
    ["localhost:8989", "http://localhost:3000", 403],
    ["localhost:8989", "http://127.0.0.1:8989", 403],
    ["localhost:8989", "https://evil.example", 403],
    ["localhost:8989", "null", 403],
    ["localhost:8989", "", 403],
    ["localhost:8989", "file://", 403],
  ])("for the host %s may be %p: %d", async (host, origin, expected) => {
    await using admin = makeAdmin();
    const headers = { host, origin };
    const body = JSON.stringify(CALL);
    const { status } = await admin.ask("/api/tasks", { method: "POST", headers, body });
    expect(status).toBe(expected);
    expect(await admin.store.list()).toHaveLength(expected === 201 ? 1 : 0);
  });
});
