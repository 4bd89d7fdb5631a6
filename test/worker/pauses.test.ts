/** A worker while tasks are paused: it runs the others, sleeps, and goes on when a pause ends. */
import { beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { SqliteStore } from "../../src/sqlite/store.ts";
import { untilTrue } from "../support/until.ts";
import { events, folder, push, renewFolder, start, tasks } from "./job-worker.ts";

const PAUSE = {
  kind: "task",
  name: "job.add",
  by: "ana@till3",
  reason: "paper",
  until: null,
} as const;

function openStore(): SqliteStore {
  return new SqliteStore({ path: join(folder, "tq.db"), durability: "normal" });
}

function states(): string[] {
  return tasks().map(({ state }) => state);
}

function messages(): string[] {
  return events.map((event) => Bun.inspect(event));
}

describe("a worker with a paused method", () => {
  renewFolder();
  let store: SqliteStore;
  beforeEach(() => void (store = openStore()));

  test("that drains runs the others, and says what is left and why", async () => {
    await store.pauses.pause(PAUSE);
    push("add");
    push("trap");
    const worker = await start({ drain: "all" });
    await worker.stopped;
    expect(states()).toEqual(["ready", "failed"]);
    expect(messages().join("\n")).toMatch(
      /nothing is left to do but what is paused: the method job\.add is paused by ana@till3 since \S+: paper/,
    );
    await store.close();
  });

  test("takes its tasks once it is resumed by another process, without a push", async () => {
    await store.pauses.pause(PAUSE);
    push("add");
    push("trap");
    const worker = await start();
    await untilTrue(() => states()[1] === "failed");
    expect(states()[0]).toBe("ready");
    await store.pauses.resume(PAUSE);
    await untilTrue(() => states()[0] === "finished");
    await worker.stop();
    await store.close();
  });

  test("takes its tasks when the pause ends by itself, though nothing else happens", async () => {
    await store.pauses.pause({ ...PAUSE, until: store.now() + 400 });
    push("add");
    const worker = await start();
    await untilTrue(() => states()[0] === "finished");
    expect(await store.pauses.list()).toEqual([]);
    await worker.stop();
    await store.close();
  });
});
