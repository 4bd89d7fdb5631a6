import { expect, test } from "bun:test";
import { hc } from "hono/client";
import type { Api } from "../../../src/admin/v1/api.ts";
import { CALL, makeAdmin, TOKEN } from "../support.ts";

test("a client of Hono's RPC knows the paths, the bodies and the answers", async () => {
  await using admin = makeAdmin();
  const client = hc<Api>("http://localhost/api/v1", {
    fetch: (input: string | URL | Request, init?: RequestInit) => admin.app.request(input, init),
    headers: { Authorization: `Bearer ${TOKEN}` },
  });
  const pushed = await client.tasks.$post({ json: CALL });
  const { ids } = await pushed.json();
  expect(ids).toEqual([1]);
  const moved = await client.tasks[":id"].move.$post({
    param: { id: "1" },
    json: { queue: "slow" },
  });
  const { queue, scheduled_at: at } = await moved.json();
  const typed: [string, string | null] = [queue, at];
  expect(typed).toEqual(["slow", null]);
  const list = await client.tasks.$get({ query: { queue: "slow" } });
  const { tasks } = await list.json();
  expect(tasks.map(({ id }) => id)).toEqual([1]);
  // @ts-expect-error -- there is no such operation
  expect(client.tasks[":id"].print).toBeDefined();
});
