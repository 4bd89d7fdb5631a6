import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { isLoopback, parseListen, plainHost } from "../../src/admin/access/address.ts";
import { errorOf } from "../support/error.ts";
import { raw, serve } from "./server.ts";
import { CALL } from "./support.ts";

describe("the server", () => {
  test("answers a request of HTTP/1.0, which needs no Host", async () => {
    await using server = await serve();
    expect(await raw(server.port, "GET /healthz HTTP/1.0\r\n\r\n")).toBe("HTTP/1.1 200 OK");
  });

  test("answers at the address that it reports", async () => {
    await using server = await serve();
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(server.events).toEqual([
      { name: "admin.listening", url: server.url, token: server.tokenFile },
    ]);
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: "ok" });
    expect((await fetch(`${server.url}/api/tasks`)).status).toBe(401);
    const { headers } = server;
    const body = JSON.stringify(CALL);
    const pushed = await fetch(`${server.url}/api/tasks`, { method: "POST", headers, body });
    expect(pushed.status).toBe(201);
    const shown = await fetch(`${server.url}/api/tasks/1`, { headers });
    expect(await shown.json()).toMatchObject({ id: 1, model: "sale", errors: [] });
  });

  test("answers on IPv6 and on localhost", async () => {
    await using six = await serve({ listen: "[::1]:0" });
    expect(six.url).toStartWith("http://[::1]:");
    expect((await fetch(`${six.url}/healthz`)).status).toBe(200);
    await using local = await serve({ listen: "localhost:0" });
    expect(local.url).toStartWith("http://localhost:");
    expect((await fetch(`${local.url}/healthz`)).status).toBe(200);
  });

  test("answers on every address when that is allowed", async () => {
    await using server = await serve({ listen: "0.0.0.0:0", insecure: true });
    expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200);
  });

  test("gives 200 pushes at once an id each", async () => {
    await using server = await serve();
    const { headers } = server;
    const push = async () => {
      const body = JSON.stringify(CALL);
      const answer = await fetch(`${server.url}/api/tasks`, { method: "POST", headers, body });
      return ((await answer.json()) as { id: number }).id;
    };
    const ids = await Promise.all(Array.from({ length: 200 }, push));
    expect(new Set(ids).size).toBe(200);
  });

  test("refuses a huge body in its own words, also one of unknown length", async () => {
    await using server = await serve();
    const { headers } = server;
    const chunk = new Uint8Array(64 * 1024).fill(0x20);
    const stream = () => new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
    for (const body of ["x".repeat(20_000_000), stream()]) {
      const answer = await fetch(`${server.url}/api/tasks`, { method: "POST", headers, body });
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({ error: { code: "too_large" } });
    }
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  test("refuses a foreign host and a request without any", async () => {
    await using server = await serve();
    const own = `127.0.0.1:${server.port}`;
    const get = (host: string) => raw(server.port, `GET /healthz HTTP/1.1\r\n${host}\r\n`);
    expect(await get(`Host: ${own}\r\n`)).toBe("HTTP/1.1 200 OK");
    expect(await get("Host: evil.example\r\n")).toBe("HTTP/1.1 403 Forbidden");
    expect(await get("")).toStartWith("HTTP/1.1 400");
    const absolute = `GET http://${own}/healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n`;
    expect(await raw(server.port, absolute)).not.toStartWith("HTTP/1.1 200");
  });

  test("answers the health check at once while other requests wait for the models", async () => {
    const ready = Promise.withResolvers<void>();
    await using server = await serve({ ready: ready.promise });
    const list = fetch(`${server.url}/api/tasks`, { headers: server.headers });
    const health = await fetch(`${server.url}/healthz`);
    expect(health.status).toBe(503);
    expect(await health.json()).toEqual({ status: "starting" });
    ready.resolve();
    expect((await list).status).toBe(200);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  test("survives what is not HTTP", async () => {
    await using server = await serve();
    await raw(server.port, "\0\x01\x02 nonsense\r\n\r\n");
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  test("finishes what is under way when it stops, and takes no more", async () => {
    await using server = await serve();
    const { headers } = server;
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const push = server.store.push.bind(server.store);
    server.store.push = async (tasks) => {
      started.resolve();
      await release.promise;
      return push(tasks);
    };
    const body = JSON.stringify(CALL);
    const answer = fetch(`${server.url}/api/tasks`, { method: "POST", headers, body });
    await started.promise;
    const stopped = server.stop();
    expect(await errorOf(fetch(`${server.url}/healthz`))).toBeInstanceOf(Error);
    release.resolve();
    expect((await answer).status).toBe(201);
    await stopped;
    expect(await server.store.list()).toHaveLength(1);
  });

  test("says nothing of a caller that goes away in the middle of its body", async () => {
    await using server = await serve();
    const socket = connect(server.port, "127.0.0.1");
    const { authorization } = server.headers;
    socket.write(
      `POST /api/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"model"`,
    );
    setTimeout(() => socket.destroy(), 50);
    await new Promise((resolve) => socket.once("close", resolve));
    // The server has seen it by the time that it answers another one.
    for (let n = 0; n < 5; n++) expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect(server.events.filter(({ name }) => name === "log.note")).toEqual([]);
  });

  test("stops although a client keeps its connection", async () => {
    await using server = await serve();
    const silent = connect(server.port, "127.0.0.1");
    const socket = connect(server.port, "127.0.0.1");
    const seen = (source: typeof socket, event: string) =>
      new Promise((resolve) => source.once(event, resolve));
    await Promise.all([seen(silent, "connect"), seen(socket, "connect")]);
    const answered = seen(socket, "data");
    socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await answered;
    const closed = seen(socket, "close");
    await server.stop();
    await closed;
    silent.destroy();
  });

  test.each([
    ["whose head has not come", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"],
    [
      "whose body has not come",
      "POST /api/tasks HTTP/1.1\r\nHost: localhost\r\nTOKEN\r\nContent-Length: 9\r\n\r\n",
    ],
  ])("stops without waiting for a request %s", async (_, request) => {
    await using server = await serve();
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {}); // it may be reset
    const head = request.replace("TOKEN", `Authorization: ${server.headers.authorization}`);
    await new Promise((resolve) => socket.once("connect", resolve));
    await new Promise((resolve) => socket.write(head, resolve));
    await fetch(`${server.url}/healthz`); // what came before has been seen
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await server.stop();
    await closed;
  });

  test("stops twice without harm", async () => {
    await using server = await serve();
    await server.stop();
    await server.stop();
  });

  test("says which port is taken", async () => {
    await using server = await serve();
    const listen = `127.0.0.1:${server.port}`;
    expect(await errorOf(serve({ listen }))).toMatchObject({
      name: "TqError",
      code: "conflict",
      message: `Cannot listen on ${listen}: another program uses port ${server.port}; end it, or give another port with --listen`,
    });
  });

  test("says when the address is not one of this host", async () => {
    const listen = "203.0.113.1:0";
    expect(await errorOf(serve({ listen, insecure: true }))).toMatchObject({
      name: "TqError",
      code: "invalid",
      message:
        "Cannot listen on 203.0.113.1:0: EADDRNOTAVAIL; give an address of this host with --listen",
    });
  });
});

describe("the address", () => {
  test("is a host and a port", () => {
    expect(parseListen("127.0.0.1:8989", false)).toEqual({ hostname: "127.0.0.1", port: 8989 });
    expect(parseListen("[::1]:0", false)).toEqual({ hostname: "::1", port: 0 });
    expect(parseListen("localhost:1", false)).toEqual({ hostname: "localhost", port: 1 });
  });

  test.each(["", "8989", ":8989", "localhost", "localhost:", "localhost:x", "localhost:65536"])(
    "is refused as %p",
    (listen) => {
      expect(() => parseListen(listen, true)).toThrow(
        `Cannot listen on ${JSON.stringify(listen)}: give HOST:PORT`,
      );
    },
  );

  test.each(["::1:8989", "http://localhost:80", "127.0.0.1:80 ", "127.0.0.1:-1"])(
    "is refused as %p",
    (listen) => {
      expect(() => parseListen(listen, true)).toThrow("give HOST:PORT");
    },
  );

  test.each(["0.0.0.0:80", "192.168.1.5:80", "[::]:80", "[2001:db8::1]:80", "office:80"])(
    "is refused unless insecure when others can reach it: %s",
    (listen) => {
      expect(() => parseListen(listen, false)).toThrow("or --insecure-listen");
      expect(parseListen(listen, true)).toMatchObject({ port: 80 });
    },
  );

  test("is loopback in every spelling", () => {
    const spellings = ["127.0.0.1", "127.255.0.9", "127.1", "::1", "[::1]", "0:0:0:0:0:0:0:1"];
    for (const host of [...spellings, "localhost", "LocalHost"]) {
      expect(isLoopback(plainHost(host))).toBe(true);
    }
    for (const host of ["127.0.0.1.example", "localhost.example", "128.0.0.1", "::", "", "a b"]) {
      expect(isLoopback(plainHost(host))).toBe(false);
    }
  });
});
