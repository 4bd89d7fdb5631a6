/** Threads that load their models for long. */
import { beforeEach, expect, test } from "bun:test";
import { LONG_LOAD_MS, LONGEST_LOAD_MS } from "../../src/registry/long-load.ts";
import { LongLoads } from "../../src/worker/long-loads.ts";
import type { PoolThread } from "../../src/worker/pool-thread.ts";

let thread = { loaded: false, endReason: null as string | null, since: 0, loadingFile: "a.ts" };
let isOutdated = false;
let hasModels = false;
let said: (string | null)[] = [];

const loads = new LongLoads({
  threads: () => [thread as unknown as PoolThread],
  isOutdated: () => isOutdated,
  hasModels: () => hasModels,
  name: (file) => said.push(file),
  end: (ended, why) => {
    said.push(why);
    (ended as unknown as typeof thread).endReason = "ended";
  },
});

beforeEach(() => {
  thread = { loaded: false, endReason: null, since: 0, loadingFile: "a.ts" };
  [isOutdated, hasModels, said] = [false, true, []];
});

test("a file that takes long to load is named once", () => {
  loads.look(LONG_LOAD_MS - 1);
  expect(said).toEqual([]);
  loads.look(LONG_LOAD_MS);
  loads.look(LONG_LOAD_MS + 1);
  expect(said).toEqual(["a.ts"]);
});

test("a load that hangs on models that are not the newest any more ends, with no word", () => {
  isOutdated = true;
  loads.look(999);
  expect(thread.endReason).toBeNull();
  loads.look(1_000);
  loads.look(LONG_LOAD_MS);
  expect(said).toEqual([null]);
});

test("a load that hangs for a minute ends, and the reason names the file", () => {
  loads.look(LONGEST_LOAD_MS);
  expect(thread.endReason).toBe("ended");
  expect(said).toEqual([
    "Cannot load models from a.ts: they were not loaded after 1 min; does their top level await something that never comes?",
  ]);
});

test("the load of a worker that starts goes on, as no thread could run a task without it", () => {
  hasModels = false;
  loads.look(LONGEST_LOAD_MS);
  expect(said).toEqual(["a.ts"]);
});

test("a thread with older models that waits for the database has longer", () => {
  isOutdated = true;
  Object.assign(thread, { loadingFile: null });
  loads.look(LONG_LOAD_MS - 1);
  expect(thread.endReason).toBeNull();
  loads.look(LONG_LOAD_MS);
  expect(said).toEqual([null]);
});

test("a thread that has loaded its files and waits for the database is left alone", () => {
  Object.assign(thread, { loadingFile: null });
  loads.look(LONGEST_LOAD_MS);
  expect(said).toEqual([]);
});
