/** Large answers whose clients do not read: a bounded number holds memory, and others are refused. */
import { connect } from "node:net";
import { expect, test } from "bun:test";
import { digestOf } from "../../src/admin/access/tokens.ts";
import { ANSWER_WAIT_MS } from "../../src/admin/large-answers.ts";
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
  await untilTrue(() => clock.held(ANSWER_WAIT_MS) === 6); // the other four are written, and stand
  const late = fetch(`${url}/api/tasks`, { headers });
  await untilTrue(() => clock.held(ANSWER_WAIT_MS) === 7);
  const office = { authorization: "Bearer office-token" };
  const read = await (await fetch(`${url}/api/tasks`, { headers: office })).text();
  expect(read.length).toBeGreaterThan(100_000);
  clock.end(ANSWER_WAIT_MS);
  const refused = await late;
  expect(refused.status).toBe(503);
  expect(await refused.text()).toContain("many answers wait for their readers");
  for (const socket of sockets) socket.destroy();
  await until(async () => {
    const again = fetch(`${url}/api/tasks`, { headers });
    await untilTrue(() => clock.held(ANSWER_WAIT_MS) === 0);
    expect((await again).status).toBe(200);
  });
}, 60_000);

test.each(["/api/tasks/1", "/api/v1/tasks/1", "/api/v1/tasks/1/result", "/api/v1/tasks/1/log"])(
  "few large answers are made at once, and the others come after them: %s",
  async (path) => {
    const clock = new HeldClock();
    await using server = await serve({ clock });
    const { store, headers, url } = server;
    await store.push([newTask()]);
    await store.cancel(1, "x".repeat(100_000));
    const release = Promise.withResolvers<void>();
    let begun = 0;
    for (const method of ["get", "output"] as const) {
      const read = store[method].bind(store) as (...args: unknown[]) => Promise<never>;
      store[method] = async (...args: unknown[]) => {
        begun += 1;
        await release.promise;
        return read(...args);
      };
    }
    const asked = Array.from({ length: 10 }, async () => {
      const answer = await fetch(`${url}${path}`, { headers });
      return { status: answer.status, body: await answer.text() };
    });
    await untilTrue(() => clock.held(ANSWER_WAIT_MS) === 6); // the others wait
    expect(begun).toBe(4);
    release.resolve();
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
  },
);

test("a large answer is whole, and one to a HEAD takes no place", async () => {
  await using server = await serve();
  const { store, headers, url } = server;
  await store.push(LARGE.slice(0, 1));
  for (let round = 0; round < 10; round++) {
    const head = await fetch(`${url}/api/v1/tasks/1`, { method: "HEAD", headers });
    expect(head.status).toBe(200);
  }
  const answer = await fetch(`${url}/api/v1/tasks/1`, { headers });
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(await answer.json()).toMatchObject({ id: 1, args: ["x".repeat(1_000_000)] });
});
