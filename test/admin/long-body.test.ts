/** One request must not keep the server from others: the work for a body grows with its length, not with its square. */
import { describe, expect, test } from "bun:test";
import { readJson } from "../../src/admin/input/json-body.ts";
import { readPush } from "../../src/admin/input/new-tasks.ts";
import { errorOf } from "../support/error.ts";
import { growth, LINEAR } from "../support/growth.ts";
import { makeAdmin } from "./support.ts";
import { refusal } from "./refusal.ts";

const CALL = '"model":"sale","method":"process","instances":1';
const QUOTED = String.raw`{\"key\":\"value\",\"n\":[1,2,3]}`;

function repeated(text: string, size: number): string {
  return text.repeat(Math.ceil(size / text.length));
}

function keys(size: number): string {
  return Array.from({ length: size / 16 }, (_, index) => `"queue_nam${index}":1`).join(",");
}

async function read(body: string): Promise<void> {
  await errorOf(
    (async () => {
      readPush(readJson(new TextEncoder().encode(body)), { now: 0, batchSize: 20 });
    })(),
  );
}

describe("the work for a body", () => {
  test.each<[string, (size: number) => string]>([
    ["whose text in quotes does not end", (size) => `{${CALL},"args":["${repeated(QUOTED, size)}`],
    ["that is a run of quotes", (size) => repeated('"', size)],
    ["that is a run of backslashes", (size) => `"${repeated("\\", size)}`],
    ["with an error after many spaces", (size) => `[1${repeated(" ", size)}x`],
    ["with an error after many lines", (size) => `[${repeated("1,\n", size)}x`],
    ["of empty objects", (size) => `[${repeated("{},", size)}{}]`],
    ["with unknown fields", (size) => `{${CALL},${keys(size)}}`],
    ["with wrong keys of a context", (size) => `{${CALL},"context":{${keys(size)}}}`],
    ["with one huge number", (size) => `{${CALL},"args":[${repeated("1", size)}]}`],
    ["with one huge name of a field", (size) => `{"${repeated("m", size)}":1}`],
    [
      "with one huge length of time",
      (size) => `{${CALL},"scheduled_at":"${repeated("1", size)}x"}`,
    ],
  ])("%s grows with its length", async (_, make) => {
    expect(await growth(16_000, (size) => read(make(size)))).toBeLessThan(LINEAR);
  });
});

describe("a refusal of much that is wrong", () => {
  test("stops after the pushes that fill its list", async () => {
    const message = await refusal(Array(100_000).fill(7));
    expect(message.split("\n")).toHaveLength(22);
    expect(message).toStartWith("Cannot push: 21 things are wrong in the first 21 pushes:");
  });

  test("is short, however long the value is", async () => {
    const long = "1".repeat(500_000);
    for (const scheduled_at of [long, `${long}x`, `P${long}`, `${long}d`, { minutes: long }]) {
      expect((await refusal({ ...PUSH, scheduled_at })).length).toBeLessThan(400);
    }
  });

  test("names the most tasks of one request", async () => {
    const instances = Array(50_001).fill(1);
    expect(await refusal({ ...PUSH, instances, batch: 1 })).toBe(
      "Cannot push: one request makes at most 50000 tasks; push in parts",
    );
    await using admin = makeAdmin();
    const body = { ...PUSH, instances: instances.slice(1), batch: 1 };
    expect((await admin.post("/api/tasks", body)).status).toBe(201);
  });
});

const PUSH = { model: "sale", method: "process", instances: 1 };
