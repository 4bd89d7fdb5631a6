/** Clients that go away in the middle: nothing waits for them, and nothing of theirs stays. */
import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { MINUTE_MS } from "../../../src/values/duration.ts";
import { HeldClock } from "../../support/clock.ts";
import { newTask } from "../../support/store.ts";
import { untilTrue } from "../../support/until.ts";
import { serve } from "../server.ts";
import { CALL } from "../support.ts";

const CLIENTS = 100;

const WAIT_MS = 3 * MINUTE_MS;

async function serveHeld() {
  const clock = new HeldClock();
  const server = await serve({ clock });
  /** Clients that send this head, and then this. */
  const clients = (lines: string, rest = ""): Socket[] =>
    Array.from({ length: CLIENTS }, () => {
      const head = `${lines}\r\nHost: localhost\r\nAuthorization: ${server.headers.authorization}`;
      const socket = connect(server.port, "127.0.0.1");
      socket.write(`${head}\r\n\r\n${rest}`);
      socket.on("error", () => {}); // it may be reset
      return socket;
    });
  return { ...server, clock, clients };
}

test("a client that leaves in the middle of a large body gives its room to others", async () => {
  await using server = await serveHeld();
  const head = "POST /api/v1/tasks HTTP/1.1\r\nContent-Length: 1000000";
  const sockets = server.clients(head, `{${" ".repeat(10_000)}`);
  await untilTrue(() => server.clock.held(MINUTE_MS) === 16); // there is no room for the others
  for (const socket of sockets) socket.destroy();
  await untilTrue(() => server.clock.held(MINUTE_MS) === 0);
  const { headers, url } = server;
  const body = JSON.stringify(CALL).padEnd(1_000_000);
  const pushed = await fetch(`${url}/api/v1/tasks`, { method: "POST", headers, body });
  expect(pushed.status).toBe(201);
  expect(await server.store.list()).toHaveLength(1);
  expect(server.events.map(({ name }) => name)).toEqual(["admin.listening"]);
});

test("a client that leaves while it waits for a result is waited for no more", async () => {
  await using server = await serveHeld();
  await server.store.push([newTask()]);
  const sockets = server.clients("GET /api/v1/tasks/1/result?wait=3m HTTP/1.1");
  await untilTrue(() => server.clock.held(WAIT_MS) === CLIENTS);
  for (const socket of sockets) socket.destroy();
  await untilTrue(() => server.clock.held(WAIT_MS) === 0);
  expect(server.events.map(({ name }) => name)).toEqual(["admin.listening"]);
});

test("a client that leaves as soon as it has asked for a stream of events keeps no place", async () => {
  await using server = await serve();
  const { authorization } = server.headers;
  const request = `GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n\r\n`;
  for (let round = 0; round < 25; round++) {
    const left = Array.from({ length: CLIENTS }, () => {
      const socket = connect(server.port, "127.0.0.1", () => {
        socket.write(request, () => socket.destroy());
      });
      socket.on("error", () => {}); // it may be reset
      return new Promise((resolve) => socket.once("close", resolve));
    });
    await Promise.all(left);
  }
  const { headers, url } = server;
  const stream = await fetch(`${url}/api/v1/events`, { headers }); // 2,048 are allowed, and 2,500 were asked for
  expect(stream.status).toBe(200);
  await stream.body?.cancel();
});
