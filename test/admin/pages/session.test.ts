import type { QueueStatus } from "../../../src/store/looking.ts";
import { describe, expect, test } from "bun:test";
import { WAYS } from "../../../src/admin/pages/layout.tsx";
import { digestOf } from "../../../src/admin/access/tokens.ts";
import { CALL, makeAdmin, TOKEN } from "../support.ts";
import { formTokenOf, get, post, signedIn } from "./person.ts";

describe("a person who has not signed in", () => {
  test("is led to the page for that, and back to the page that was asked for", async () => {
    await using admin = makeAdmin();
    const asked = await get(admin, "/?queue=mail");
    expect(asked.status).toBe(303);
    expect(asked.headers.get("location")).toBe("/sign-in?to=%2F%3Fqueue%3Dmail");
    const done = await post(admin, "/sign-in", { token: ` ${TOKEN}\n`, to: "/?queue=mail" });
    expect(done.headers.get("location")).toBe("/?queue=mail");
  });

  test.each(["//evil.example", "https://evil.example", "/\\evil.example", "", "/a b"])(
    "is never led to another site: %p",
    async (to) => {
      await using admin = makeAdmin();
      const done = await post(admin, "/sign-in", { token: TOKEN, to });
      expect(done.headers.get("location")).toBe("/");
    },
  );

  test("with a wrong token stays there, and gets no cookie", async () => {
    await using admin = makeAdmin();
    const answer = await post(admin, "/sign-in", { token: "wrong", to: "/" });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("set-cookie")).toBeNull();
    expect(await answer.text()).toContain("This is not a token of this database.");
  });

  test("has to wait after twenty wrong tokens", async () => {
    await using admin = makeAdmin();
    for (let guess = 0; guess < 20; guess++) {
      await post(admin, "/sign-in", { token: `wrong-${guess}` });
    }
    expect((await post(admin, "/sign-in", { token: "wrong-20" })).status).toBe(429);
  });
});

test("a script of a page hears that the session has ended, and no other page", async () => {
  await using admin = makeAdmin();
  for (const headers of [{ "hx-request": "true" }, { accept: "text/event-stream" }]) {
    const answer = await get(admin, "/tasks", "", headers);
    expect(answer.status).toBe(401);
    expect(await answer.text()).toStartWith("Your session has ended.");
  }
});

describe("the cookie of a session", () => {
  test("is kept from scripts and from other sites, and does not hold the token", async () => {
    await using admin = makeAdmin();
    const answer = await post(admin, "/sign-in", { token: TOKEN });
    const cookie = answer.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(decodeURIComponent(cookie)).not.toContain(TOKEN);
  });

  test("lets nobody in once it is changed, is of another database or its token is removed", async () => {
    await using admin = makeAdmin();
    await admin.store.tokens.add({ name: "ana", roles: ["read"] }, digestOf("ana-token"));
    const cookie = await signedIn(admin, "ana-token");
    expect((await get(admin, "/", cookie)).status).toBe(200);
    expect((await get(admin, "/", cookie.replace("=1", "=2"))).status).toBe(303);
    await using other = makeAdmin({ token: `${TOKEN}x` });
    expect((await get(other, "/", cookie)).status).toBe(303);
    await admin.store.tokens.remove("ana");
    expect((await get(admin, "/", cookie)).status).toBe(303);
  });

  test("reads the API, and changes nothing by it", async () => {
    await using admin = makeAdmin();
    const cookie = await signedIn(admin);
    expect((await get(admin, "/api/v1/tasks", cookie)).status).toBe(200);
    const body = JSON.stringify(CALL);
    const pushed = await admin.app.request("/api/v1/tasks", {
      method: "POST",
      headers: { cookie },
      body,
    });
    expect(pushed.status).toBe(401);
    expect(await admin.store.list()).toEqual([]);
  });
});

describe("a form", () => {
  test("without what its page gave it changes nothing", async () => {
    await using admin = makeAdmin();
    const cookie = await signedIn(admin);
    for (const token of ["", "0".repeat(64)]) {
      const answer = await post(admin, "/sign-out", { form_token: token }, cookie);
      expect(answer.status).toBe(403);
      expect(answer.headers.get("set-cookie")).toBeNull();
    }
    const form_token = await formTokenOf(admin, cookie);
    const answer = await post(admin, "/sign-out", { form_token }, cookie);
    expect(answer.headers.get("location")).toBe("/sign-in");
    expect(answer.headers.get("set-cookie")).toContain("Max-Age=0");
  });
});

describe("a page", () => {
  test("may load and run only files of the server, inside no other site's page", async () => {
    await using admin = makeAdmin();
    const { headers } = await get(admin, "/", await signedIn(admin));
    expect(headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    );
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("cache-control")).toBe("no-store");
  });

  test("is of today's HTML, and says which keys it knows", async () => {
    await using admin = makeAdmin();
    const html = await (await get(admin, "/", await signedIn(admin))).text();
    expect(html).toStartWith('<!DOCTYPE html><html lang="en">');
    const keys = [...html.matchAll(/<a href="([^"]+)" data-key="(\w)"/g)].map(([, , key]) => key);
    expect(keys.join("")).toBe("otfrqwms");
    expect(html).toContain('<dialog id="keys"');
  });

  test("that there is not is a page for a browser, and a problem for a program", async () => {
    await using admin = makeAdmin();
    const browser = { accept: "text/html,*/*" };
    const page = await get(admin, "/quues?<b>", "", browser);
    expect([page.status, page.headers.get("x-frame-options")]).toEqual([404, "DENY"]);
    expect(await page.text()).toContain("Cannot find /quues: nothing is there");
    for (const [path, headers] of [
      ["/quues", {}],
      ["/api/quues", browser],
    ] as const) {
      const answer = await get(admin, path, await signedIn(admin), headers);
      expect(await answer.json()).toMatchObject({ error: { code: "not_found" } });
    }
  });

  test("shows names of queues as text, whatever is in them", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/v1/tasks", { ...CALL, queue: "<script>alert(1)</script>" });
    const html = await (await get(admin, "/", await signedIn(admin))).text();
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(html).not.toContain("<script>alert");
  });

  test("says what is wrong, or that all is well", async () => {
    await using admin = makeAdmin({ mode: "no worker" });
    const cookie = await signedIn(admin);
    const well = await (await get(admin, "/", cookie)).text();
    expect(well).toContain("All is well</strong>: no task waits or runs.");
    await using served = makeAdmin();
    const html = await (await get(served, "/", await signedIn(served))).text();
    expect(html).toContain("One thing needs you");
    expect(html).toContain("No worker is running: tasks wait until one is");
  });

  test("does not say that all is well where tasks have failed in the last hour", async () => {
    await using admin = makeAdmin();
    await admin.store.register({ id: "w1", pid: process.pid, threads: 1, queues: [] });
    const status = await admin.store.status();
    const none = { scheduled: 0, ready: 0, running: 0, failed: 0, served: true };
    const first = async (failed: number, lately: number) => {
      admin.store.status = async () => ({
        ...status,
        queues: [{ queue: "mail", ...none, failed } as unknown as QueueStatus],
        failed_lately: lately,
      });
      const html = await (await get(admin, "/", await signedIn(admin))).text();
      return /id="verdict-words">([^<]+)</.exec(html)?.[1];
    };
    expect(await first(2, 2)).toBe("Tasks have failed");
    expect(await first(2, 0)).toBe("All is well"); // somebody has seen them, or let them be
    expect(await first(0, 2)).toBe("All is well"); // somebody has retried them
  });

  test("finds its files by their content, for ever", async () => {
    await using admin = makeAdmin();
    const html = await (await get(admin, "/", await signedIn(admin))).text();
    const paths = [...html.matchAll(/"(\/assets\/[\w.]+)"/g)].map(([, path]) => path ?? "");
    expect(paths).toHaveLength(8);
    for (const path of paths) {
      const { status, headers } = await get(admin, path);
      expect(status).toBe(200);
      expect(headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    }
  });

  test.each(WAYS.map(({ path }) => path))(
    "is sent in less than 60 kB with all its files: %s",
    async (path) => {
      await using admin = makeAdmin();
      const tasks = Array.from({ length: 100 }, (_, n) => ({ ...CALL, queue: `queue-${n}` }));
      for (let start = 0; start < 100; start += 20) {
        await admin.post("/api/v1/tasks", tasks.slice(start, start + 20));
      }
      const cookie = await signedIn(admin);
      const gzip = { "accept-encoding": "gzip" };
      const bytesOf = async (path: string) => {
        const { headers, body } = await get(admin, path, cookie, gzip);
        expect(headers.get("content-encoding")).toBe("gzip");
        return (await new Response(body).bytes()).length;
      };
      const html = await (await get(admin, path, cookie)).text();
      let bytes = await bytesOf(path);
      for (const [, file = ""] of html.matchAll(/"(\/assets\/[\w.]+)"/g))
        bytes += await bytesOf(file);
      expect(bytes).toBeLessThan(60_000);
    },
  );
});
