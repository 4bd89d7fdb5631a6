/** Lists of large tasks whose clients do not read: a bounded number holds memory, and others are refused. */
import { connect } from "node:net";
import { expect, test } from "bun:test";
import { digestOf } from "../../src/admin/access/tokens.ts";
import { LIST_WAIT_MS } from "../../src/admin/task-routes.ts";
import { HeldClock } from "../support/clock.ts";
import { newTask } from "../support/store.ts";
import { until, untilTrue } from "../support/until.ts";
import { serve } from "./server.ts";

const LARGE = Array.from({ length: 12 }, () =>
  newTask({ args: JSON.stringify(["x".repeat(1_000_000)]) }),
);

test("clients of one token that do not read their lists hold up no other token", async () => {
  const clock = new HeldClock();
  await using server = await serve({ clock });
  const { store, headers, url, port } = server;
  await store.push(LARGE);
  await store.tokens.add({ name: "office", roles: ["read"] }, digestOf("office-token"));
  const sockets = Array.from({ length: 10 }, () => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {}); // it may be reset
    socket.pause();
    const head = `GET /api/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${headers.authorization}`;
    socket.write(`${head}\r\n\r\n`);
    return socket;
  });
  await untilTrue(() => clock.held(LIST_WAIT_MS) === 2); // the others are written, and stand
  const late = fetch(`${url}/api/tasks`, { headers });
  await untilTrue(() => clock.held(LIST_WAIT_MS) === 3);
  const office = { authorization: "Bearer office-token" };
  const list = await (await fetch(`${url}/api/tasks`, { headers: office })).json();
  expect(list).toHaveLength(LARGE.length);
  clock.end(LIST_WAIT_MS);
  const refused = await late;
  expect(refused.status).toBe(503);
  expect(await refused.text()).toContain("many lists wait for their readers");
  for (const socket of sockets) socket.destroy();
  await until(async () => {
    const again = fetch(`${url}/api/tasks`, { headers });
    await untilTrue(() => clock.held(LIST_WAIT_MS) === 0);
    expect((await again).status).toBe(200);
  });
}, 60_000);
