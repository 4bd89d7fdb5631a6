/** The limits of the server: each is set on purpose, and a client that meets one reads why. */
import { describe, expect, spyOn, test } from "bun:test";
import { connect } from "node:net";
import { sendAll, serve } from "./server.ts";
import { digestOf } from "../../src/admin/access/tokens.ts";
import { BODY_MS } from "../../src/admin/input/bodies.ts";
import { HeldClock } from "../support/clock.ts";
import { pushOne } from "../support/store.ts";
import { until, untilTrue } from "../support/until.ts";

describe("the server", () => {
  test("sets every limit of Bun.serve itself", async () => {
    const serving = spyOn(Bun, "serve");
    try {
      await using server = await serve();
      expect(serving.mock.calls[0]?.[0]).toMatchObject({
        port: 0,
        hostname: "127.0.0.1",
        development: false,
        reusePort: false,
        idleTimeout: 120,
        maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      });
      expect(server.port).toBeGreaterThan(0);
    } finally {
      serving.mockRestore();
    }
  });

  test("answers with 413 a client that sends 20 MB before it reads", async () => {
    await using server = await serve();
    const head = `POST /api/tasks HTTP/1.1\r\nAuthorization: ${server.headers.authorization}`;
    const answer = await sendAll(server.port, head, new Uint8Array(20_000_000).fill(0x20));
    expect(answer).toStartWith("HTTP/1.1 413");
    expect(answer).toContain("larger than 1 MiB");
  });

  test.each([
    ["401", "POST /api/tasks HTTP/1.1"],
    ["413", "PUT /healthz HTTP/1.1"],
    ["413", "POST /nowhere HTTP/1.1"],
    ["401", "POST /api/tasks/1/cancel HTTP/1.1"],
  ])("answers with %s a client that sends 20 MB before it reads: %s", async (status, head) => {
    await using server = await serve();
    const answer = await sendAll(server.port, head, new Uint8Array(20_000_000).fill(0x20));
    expect(answer).toStartWith(`HTTP/1.1 ${status}`);
  });

  test("answers with 408 a client whose body does not come in time, and closes", async () => {
    const clock = new HeldClock();
    await using server = await serve({ clock });
    const { authorization } = server.headers;
    for (const framing of [
      "Content-Length: 9\r\n\r\n",
      "Transfer-Encoding: chunked\r\n\r\n1\r\n",
    ]) {
      const head = `POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}`;
      const socket = connect(server.port, "127.0.0.1", () =>
        socket.write(`${head}\r\n${framing}{`),
      );
      let answer = "";
      socket.on("data", (data) => (answer += String(data)));
      socket.on("error", () => {}); // it may be reset
      const closed = new Promise((resolve) => socket.once("close", resolve));
      await untilTrue(() => clock.held(BODY_MS) > 0);
      clock.end(BODY_MS);
      await closed;
      expect(answer).toStartWith("HTTP/1.1 408");
      expect(answer).toContain("Cannot take the body: it did not come within 1 min; push in parts");
    }
    expect(server.events.map(({ name }) => name)).toEqual(["admin.listening"]);
    expect(await server.store.list()).toEqual([]);
  });

  test("takes in a bounded number of large bodies of a token at once, refuses one more, and takes others beside them", async () => {
    const clock = new HeldClock();
    await using server = await serve({ clock });
    const { authorization } = server.headers;
    const head = `POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}`;
    const sockets = Array.from({ length: 17 }, () => {
      const socket = connect(server.port, "127.0.0.1");
      socket.on("error", () => {}); // it may be reset
      return socket;
    });
    const answers = sockets.map((socket) => {
      socket.write(`${head}\r\nContent-Length: 1048576\r\n\r\n[`);
      return new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
    });
    const refused = await Promise.race(answers);
    expect(refused).toStartWith("HTTP/1.1 503");
    expect(refused).toContain("Retry-After: 1");
    expect(refused).toContain("Cannot take the body: many are being sent; try again");
    await untilTrue(() => clock.held(BODY_MS) === 16);
    const { headers, url } = server;
    const body = JSON.stringify({ model: "sale", method: "process", instances: 1 });
    const small = await fetch(`${url}/api/v1/tasks`, { method: "POST", headers, body });
    expect(small.status).toBe(201);
    await server.store.tokens.add({ name: "office", roles: ["push"] }, digestOf("office-token"));
    const ofOther = await fetch(`${url}/api/v1/tasks`, {
      method: "POST",
      headers: { authorization: "Bearer office-token" },
      body: body.padEnd(1_000_000),
    });
    expect(ofOther.status).toBe(201); // some of the room is for other tokens
    clock.end(BODY_MS);
    const statuses = (await Promise.all(answers)).map((text) => text.slice(9, 12)).sort();
    expect(statuses).toEqual([...Array(16).fill("408"), "503"]);
    const large = await fetch(`${url}/api/v1/tasks`, {
      method: "POST",
      headers,
      body: body.padEnd(1_000_000),
    });
    expect(large.status).toBe(201);
    for (const socket of sockets) socket.destroy();
  });

  test.each(["Content-Length: 1048576", "Transfer-Encoding: chunked"])(
    "takes in a bounded number of bodies whose token is still looked up, and refuses one more: %s",
    async (framing) => {
      await using server = await serve();
      const { store, url } = server;
      await store.tokens.add({ name: "office", roles: ["push"] }, digestOf("office-token"));
      const found = await store.tokens.find(digestOf("office-token"));
      const answer = Promise.withResolvers<typeof found>();
      const looking = spyOn(store.tokens, "find").mockReturnValue(answer.promise);
      const head =
        "POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer office-token";
      const sockets = Array.from({ length: 17 }, () => {
        const socket = connect(server.port, "127.0.0.1");
        socket.on("error", () => {}); // it may be reset
        socket.write(`${head}\r\n${framing}\r\n\r\n`);
        return socket;
      });
      const firstAnswer = sockets.map(
        (socket) => new Promise((resolve) => socket.once("data", (data) => resolve(String(data)))),
      );
      const allLook = untilTrue(() => looking.mock.calls.length === sockets.length);
      expect(await Promise.race([...firstAnswer, allLook])).toStartWith("HTTP/1.1 503");
      expect(looking).toHaveBeenCalledTimes(16);
      for (const socket of sockets) socket.destroy();
      answer.resolve(found);
      const body = JSON.stringify({ model: "sale", method: "process", instances: 1 });
      const headers = { authorization: "Bearer office-token" };
      const request = { method: "POST", headers, body: body.padEnd(1_000_000) };
      expect((await fetch(`${url}/api/v1/tasks`, request)).status).toBe(201);
    },
  );

  test("takes in 64 bodies of 100 kB of one token that come at once", async () => {
    await using server = await serve();
    const { headers, url } = server;
    const body = JSON.stringify({ model: "sale", method: "process", instances: 1 });
    const request = { method: "POST", headers, body: body.padEnd(100_000) };
    const pushes = Array.from({ length: 64 }, () => fetch(`${url}/api/v1/tasks`, request));
    const statuses = (await Promise.all(pushes)).map(({ status }) => status);
    expect(statuses).toEqual(Array(64).fill(201));
  });

  test("takes in bodies in chunks by what has come of them", async () => {
    await using server = await serve({ clock: new HeldClock() });
    const { headers, port, url } = server;
    const head = `POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${headers.authorization}\r\nTransfer-Encoding: chunked`;
    const large = ` ${" ".repeat(100_000)}`;
    const sockets = Array.from({ length: 17 }, () => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {}); // it may be reset
      socket.write(`${head}\r\n\r\n${large.length.toString(16)}\r\n${large}\r\n`);
      return socket;
    });
    const answers = sockets.map(
      (socket) => new Promise((resolve) => socket.once("data", (data) => resolve(String(data)))),
    );
    expect(await Promise.race(answers)).toStartWith("HTTP/1.1 503"); // each may be of 1 MiB now
    const body = JSON.stringify({ model: "sale", method: "process", instances: 1 });
    const inChunks = async () => {
      const stream = new ReadableStream({
        start(controller) {
          controller.enqueue(body);
          controller.close();
        },
      });
      const request = { method: "POST", headers, body: stream } as const;
      return (await fetch(`${url}/api/v1/tasks`, request)).status;
    };
    const statuses = await Promise.all(Array.from({ length: 200 }, inChunks));
    expect(statuses).toEqual(Array(200).fill(201));
    for (const socket of sockets) socket.destroy();
    await until(async () => {
      const request = { method: "POST", headers, body: body.padEnd(1_000_000) };
      const sent = Array.from({ length: 16 }, () => fetch(`${url}/api/v1/tasks`, request));
      const all = (await Promise.all(sent)).map(({ status }) => status);
      expect(all).toEqual(Array(16).fill(201)); // all of the room is free again
    });
  });

  test("takes in a bounded number of small bodies of a token that do not end", async () => {
    await using server = await serve({ clock: new HeldClock() });
    const { headers, port, url } = server;
    const head = `POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${headers.authorization}`;
    const sockets = Array.from({ length: 129 }, () => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {}); // it may be reset
      socket.write(`${head}\r\nContent-Length: 65536\r\n\r\n[`);
      return socket;
    });
    const refused = sockets.map(
      (socket) => new Promise((resolve) => socket.once("data", (data) => resolve(String(data)))),
    );
    expect(await Promise.race(refused)).toStartWith("HTTP/1.1 503");
    const ended = sockets.map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    for (const socket of sockets) socket.destroy();
    await Promise.all(ended);
    const body = JSON.stringify({ model: "sale", method: "process", instances: 1 });
    await until(async () => {
      const pushed = await fetch(`${url}/api/v1/tasks`, { method: "POST", headers, body });
      expect(pushed.status).toBe(201);
    });
  });

  test("waits for an answer longer than for a connection on which nothing moves", async () => {
    await using server = await serve({ idleSeconds: 1 });
    const { headers, store } = server;
    const asked = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const cancel = store.cancel.bind(store);
    store.cancel = async (id) => {
      asked.resolve();
      await release.promise;
      return cancel(id);
    };
    await pushOne(store);
    const answer = fetch(`${server.url}/api/tasks/1/cancel`, { method: "POST", headers });
    await asked.promise;
    const closed = [
      "",
      "POST /api/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
    ].map((begun) => {
      const idle = connect(server.port, "127.0.0.1", () => idle.write(begun));
      idle.on("error", () => {}); // it may be reset
      idle.resume();
      return new Promise((resolve) => idle.once("close", resolve));
    });
    await Promise.all(closed);
    release.resolve();
    expect((await answer).status).toBe(200);
  }, 60_000);

  test("closes a request that waited for the models and whose body does not come", async () => {
    const ready = Promise.withResolvers<void>();
    await using server = await serve({ idleSeconds: 1, ready: ready.promise });
    const { authorization } = server.headers;
    const head = `POST /api/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}`;
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {}); // it may be reset
    socket.resume();
    await new Promise((resolve) => socket.write(`${head}\r\nContent-Length: 9\r\n\r\n{`, resolve));
    await fetch(`${server.url}/healthz`); // what came before has been seen
    const closed = new Promise((resolve) => socket.once("close", resolve));
    ready.resolve();
    await closed;
  }, 60_000);
});
