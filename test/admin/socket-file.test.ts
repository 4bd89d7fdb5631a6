import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { errorOf } from "../support/error.ts";
import { makeFolder } from "../support/folder.ts";
import { serve } from "./server.ts";
import { CALL } from "./support.ts";

function ask(unix: string, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://localhost${path}`, { ...init, unix });
}

/** Leaves a socket file as a process that was killed does. */
function leaveStale(path: string): void {
  const program = `Bun.serve({ unix: ${JSON.stringify(path)}, fetch: () => new Response() }); process.kill(process.pid, "SIGKILL");`;
  Bun.spawnSync([process.execPath, "-e", program], { stdio: ["ignore", "ignore", "ignore"] });
}

describe("a server on a Unix socket", () => {
  test("answers there, asks for the token, and says how to reach it", async () => {
    using folder = makeFolder();
    const path = join(folder.path, "tq.sock");
    await using server = await serve({ listen: `unix:${path}` });
    expect(server.url).toBe(`unix:${path}`);
    expect(await (await ask(path, "/healthz")).json()).toEqual({ status: "ok" });
    expect((await ask(path, "/api/tasks")).status).toBe(401);
    const { headers } = server;
    const body = JSON.stringify(CALL);
    expect((await ask(path, "/api/v1/tasks", { method: "POST", headers, body })).status).toBe(201);
  });

  test("answers whatever host a request names, but no page of another site", async () => {
    using folder = makeFolder();
    const path = join(folder.path, "tq.sock");
    await using server = await serve({ listen: `unix:${path}` });
    const { headers } = server;
    const asked = (more: Record<string, string>) =>
      fetch("http://shop.example/api/tasks", { headers: { ...headers, ...more }, unix: path });
    expect((await asked({})).status).toBe(200);
    expect((await asked({ origin: "http://shop.example" })).status).toBe(200);
    expect((await asked({ origin: "http://evil.example" })).status).toBe(403);
    expect((await asked({ "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect(server.url).toBe(`unix:${path}`);
  });

  test("is for its owner and group, and leaves nothing behind", async () => {
    using folder = makeFolder();
    const path = join(folder.path, "tq.sock");
    const server = await serve({ listen: `unix:${path}` });
    const stats = statSync(path);
    expect(stats.isSocket()).toBe(true);
    expect(stats.mode & 0o777).toBe(0o660);
    expect(stats.uid).toBe(statSync(server.folder).uid);
    expect(readdirSync(folder.path)).toEqual(["tq.sock"]);
    await server[Symbol.asyncDispose]();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("takes the place of a dead one, and not that of a live one", async () => {
    using folder = makeFolder();
    const path = join(folder.path, "tq.sock");
    leaveStale(path);
    expect(existsSync(path)).toBe(true);
    await using server = await serve({ listen: `unix:${path}` });
    const error = await errorOf(serve({ listen: `unix:${path}` }));
    expect(error).toMatchObject({ code: "conflict" });
    expect(String(error)).toContain("another server listens there");
    expect((await ask(path, "/healthz")).status).toBe(200);
    expect(server.url).toBe(`unix:${path}`);
  });

  test("is one where two start at once on a dead one", async () => {
    using folder = makeFolder();
    const path = join(folder.path, "tq.sock");
    leaveStale(path);
    const started = await Promise.allSettled([1, 2].map(() => serve({ listen: `unix:${path}` })));
    const errors = started.flatMap((one) =>
      one.status === "rejected" ? [one.reason as Error] : [],
    );
    expect(errors).toMatchObject([{ code: "conflict" }]);
    expect((await ask(path, "/healthz")).status).toBe(200);
    for (const one of started)
      if (one.status === "fulfilled") await one.value[Symbol.asyncDispose]();
  });

  test("deletes no file of others", async () => {
    using folder = makeFolder();
    const path = join(folder.path, "notes");
    writeFileSync(path, "mine");
    const error = await errorOf(serve({ listen: `unix:${path}` }));
    expect(error).toMatchObject({ code: "invalid" });
    expect(String(error)).toContain("there is a file that is no socket");
    expect(readFileSync(path, "utf8")).toBe("mine");
    const link = join(folder.path, "link");
    symlinkSync(path, link);
    expect(await errorOf(serve({ listen: `unix:${link}` }))).toMatchObject({ code: "invalid" });
    expect(readFileSync(link, "utf8")).toBe("mine");
  });

  test("leaves a file alone that has taken the place of its own", async () => {
    using folder = makeFolder();
    const path = join(folder.path, "tq.sock");
    const server = await serve({ listen: `unix:${path}` });
    Bun.spawnSync(["rm", path]);
    writeFileSync(path, "mine");
    await server[Symbol.asyncDispose]();
    expect(readFileSync(path, "utf8")).toBe("mine");
  });

  test.each([
    [
      "a folder that is not there",
      (folder: string) => join(folder, "no/tq.sock"),
      "there is no such folder",
    ],
    ["a path that is too long", (folder: string) => join(folder, "x".repeat(110)), "too long"],
  ])("says what is wrong with %s", async (_, pathIn, words) => {
    using folder = makeFolder();
    const error = await errorOf(serve({ listen: `unix:${pathIn(folder.path)}` }));
    expect(error).toMatchObject({ code: "invalid" });
    expect(String(error)).toContain(words);
  });

  test("takes a path that is relative to the current folder", async () => {
    using folder = makeFolder();
    mkdirSync(join(folder.path, "run"));
    chmodSync(join(folder.path, "run"), 0o700);
    const path = join(folder.path, "run/tq.sock");
    await using server = await serve({ listen: `unix:${relative(process.cwd(), path)}` });
    expect(server.url).toBe(`unix:${path}`);
  });
});
