/** The tq of another machine may be none, or not be trusted. */
import { describe, expect, test } from "bun:test";
import type { RemoteStore } from "../../../cli/remote/store.ts";
import { Folder } from "../tq.ts";
import { newTask } from "../../support/store.ts";
import { asking, failed } from "./asking.ts";
import { makeBox } from "./box.ts";

describe("a server that means harm", () => {
  const strange = (store: RemoteStore) => failed(Promise.resolve(store.get(1)));

  test.each(["", "application/json"])(
    "sends an answer without an end (%j): it is not kept",
    async (type) => {
      const chunk = new Uint8Array(8 * 1024 * 1024).fill(0x20);
      let sent = 0;
      const endless = () =>
        new ReadableStream({
          pull(controller) {
            sent += 1;
            controller.enqueue(chunk);
          },
        });
      const answer = () => new Response(endless(), { headers: { "content-type": type } });
      await using server = asking(answer, 30_000);
      expect(await strange(server.store)).toMatchObject({
        code: "database",
        message: expect.stringContaining("but with more than 64 MiB"),
      });
      expect(sent).toBeLessThan(30);
    },
  );

  test.each([50, 51, 1_000])(
    "has a next page before %d, after one before 50: the list ends with a refusal",
    async (next) => {
      let pages = 0;
      const answer = () => {
        pages += 1;
        const before = pages === 1 ? 50 : next;
        return Response.json({ tasks: [], next: `/api/v1/tasks?before=${before}` });
      };
      await using server = asking(answer);
      expect(await failed(server.store.list())).toMatchObject({ code: "database" });
      expect(pages).toBe(2);
    },
  );

  test("cannot write lines into the output of tq, and a list of what is wrong keeps its own", async () => {
    const detail = "no\ntq: pushed task 5\r\x1b[2J\n  args is missing";
    const answer = () => Response.json({ code: "invalid", detail }, { status: 422 });
    await using server = asking(answer);
    expect(await strange(server.store)).toMatchObject({
      message: String.raw`no\ntq: pushed task 5\r\x1b[2J` + "\n  args is missing",
    });
  });
});

const FORGED = "\nforged\u001b[2J";

/** Words by which tq tells rows apart, and times, stay: without them the answer is refused as a whole. */
const KEPT =
  /^(\d{4}-\d\d-|\/api|queue$|task$|ready$|scheduled$|running$|failed$|pushed$|model$|function$)/;

/** The same answer with a line break and a control sequence behind each text. */
function forged(value: unknown): unknown {
  if (typeof value === "string") return KEPT.test(value) ? value : value + FORGED;
  if (Array.isArray(value)) return value.map(forged);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, forged(one)]));
}

test("no text of a server begins a line of tq's output, or steers the terminal", async () => {
  await using box = await makeBox();
  await box.store.push([newTask()]);
  await box.store.pauses.pause({
    kind: "queue",
    name: "print",
    by: "ana",
    reason: "x",
    until: null,
  });
  const cron = { name: "nightly", schedule: "0 3 * * *", task: "sale.process", instances: [] };
  const { headers } = box;
  const post = { method: "POST", headers, body: JSON.stringify(cron) };
  expect((await fetch(`${box.url}/api/v1/cron`, post)).status).toBe(201);
  using proxy = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const { method } = request;
      const body = method === "GET" ? {} : { body: await request.text() };
      const answer = await fetch(`${box.url}${pathname}${search}`, { method, headers, ...body });
      const { status } = answer;
      return Response.json(forged(await answer.json()), { status });
    },
  });
  await using office = new Folder();
  office.write("token", "t");
  const flags = ["--url", `http://127.0.0.1:${proxy.port}`, "--token-file", "token"];
  const lines: string[] = [];
  for (const command of [
    "list",
    "show 1",
    "why 1",
    "logs 1",
    "status",
    "stats",
    "cron list",
    "cron explain nightly",
    "cron history nightly",
    "cron pause nightly",
    "cron run nightly",
    "pause mail",
    "resume print",
    "retry 99",
  ]) {
    const { stdout, stderr } = await office.tq(...flags, ...command.split(" "));
    const wrong = (stdout + stderr)
      .split("\n")
      .filter((line) => line.startsWith("forged") || line.includes("\u001b"));
    lines.push(...wrong.map((line) => `${command}: ${line}`));
  }
  expect(lines).toEqual([]);
}, 60_000);
