/** Tables of records, sessions that commit what they did with them, and the stores of a worker. */
import type { PostgresOptions } from "../../src/postgres/options.ts";
import {
  type Part,
  PostgresThreadStore,
  PostgresWorkerStore,
} from "../../src/postgres/worker-store.ts";
import type { Column, Records, Table } from "../../src/store/records.ts";
import { makeFolder } from "../support/folder.ts";
import type { TestPostgres } from "../support/postgres.ts";
import { UNWATCHED, withSession } from "../support/store.ts";

export function table(name: string, columns: Readonly<Record<string, Column["type"]>>): Table {
  return { name, columns: Object.entries(columns).map(([one, type]) => ({ name: one, type })) };
}

export async function inSession<T>(
  { store }: TestPostgres,
  fn: (records: Records) => Promise<T>,
): Promise<T> {
  return withSession(store, async (session) => {
    const result = await fn(session.records);
    await session.commit();
    return result;
  });
}

/** The store of a worker that has signed on. */
export async function makeWorkerStore(url: string) {
  const folder = makeFolder();
  const store = new PostgresWorkerStore({ url, folder: folder.path });
  await store.register({ id: "worker-1", pid: process.pid, threads: 2, queues: [] });
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      folder[Symbol.dispose]();
    },
  };
}

const APPLICATION = "tq thread";

/** How the server lists the connections of `openThread`. */
export const THREAD_NAME = `${APPLICATION} 1`;

/** The store of a worker's thread. */
export function openThread(
  { database: { url } }: TestPostgres,
  more: Partial<PostgresOptions> = {},
) {
  const folder = makeFolder();
  const mayClaim = new Int32Array(new SharedArrayBuffer(4)); // as a worker begins: it may
  const part: Part = { application: APPLICATION, channel: THREAD_NAME, mayClaim };
  const options = { thread: 1, part, locks: UNWATCHED };
  const store = new PostgresThreadStore({ url, folder: folder.path, ...more }, options);
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      folder[Symbol.dispose]();
    },
  };
}

/** The options of a worker's proof of life, but for what asks the server for its time. */
export const LIFE = {
  name: "shop",
  timeout: 5_000,
  lockTimeout: 0,
  application: "tq test",
  bootId: "boot",
  now: () => 1,
} as const;
