/** The tq of another machine may be none, or not be trusted. */
import { describe, expect, test } from "bun:test";
import type { RemoteStore } from "../../../cli/remote/store.ts";
import { asking, failed } from "./asking.ts";

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
