import { expect, test } from "bun:test";
import { jsonList } from "../../src/admin/json-list.ts";

function unexpected(error: unknown): never {
  throw error;
}

/** Pages, and how many of them were asked for. */
function source(...pages: readonly (readonly number[])[]) {
  const seen = { asked: 0, left: false };
  async function* read() {
    try {
      for (const page of pages) {
        seen.asked += 1;
        yield page;
      }
    } finally {
      seen.left = true;
    }
  }
  return { seen, pages: read() };
}

test.each<[pages: number[][]]>([
  [[]],
  [[[]]],
  [[[1, 2]]],
  [[[1], [2, 3]]],
  [[[1], []]],
  [[[1], [2], [3, 4], []]],
  [[[], [1]]],
  [[[], [1], [], [2], []]],
])("%j is one list", async (pages) => {
  const text = await new Response(await jsonList(source(...pages).pages, unexpected)).text();
  expect(JSON.parse(text)).toEqual(pages.flat());
});

test("pages are read as their reader takes them, and no more once it goes away", async () => {
  const { seen, pages } = source(...Array.from({ length: 100 }, (_, index) => [index]));
  const list = (await jsonList(pages, unexpected)) as ReadableStream<Uint8Array>;
  const reader = list.getReader();
  await reader.read();
  expect(seen.asked).toBeLessThan(6);
  await reader.cancel();
  expect(seen).toEqual({ asked: expect.any(Number), left: true });
  expect(seen.asked).toBeLessThan(6);
});

test("tells once that a list is written, or that its reader has gone away", async () => {
  let ended = 0;
  const list = async (...given: number[][]) =>
    jsonList(source(...given).pages, unexpected, () => (ended += 1));
  await list([1]);
  expect(ended).toBe(1);
  await new Response(await list([1], [2], [3])).text();
  expect(ended).toBe(2);
  const left = (await list([1], [2], [3])) as ReadableStream<Uint8Array>;
  expect(ended).toBe(2);
  await left.cancel();
  expect(ended).toBe(3);
});

test("an error of a later page is told, and ends the list without its end", async () => {
  async function* failing() {
    yield [1];
    yield [2];
    throw new Error("the disk is gone");
  }
  const told: unknown[] = [];
  const list = new Response(await jsonList(failing(), (error) => told.push(error)));
  expect(list.text()).rejects.toThrow("the disk is gone");
  await Promise.resolve();
  expect(told).toEqual([new Error("the disk is gone")]);
});
