/** An admin API on a store of its own, in a folder that is removed after the test. */
import { join } from "node:path";
import { type AdminOptions, createAdmin } from "../../src/admin/app.ts";
import type { Event } from "../../src/log/events.ts";
import { parseSettings } from "../../src/settings/config.ts";
import type { SqliteOptions } from "../../src/sqlite/database.ts";
import { SqliteStore } from "../../src/sqlite/store.ts";
import { makeFolder } from "../support/folder.ts";

export const TOKEN = "test-token-test-token-test-token-test-token";
export const NOW = Date.parse("2024-02-29T12:00:00Z");
export const CATALOG = { sale: ["process", "print"], "ir.mail": ["send"], vide: [] };
export const OWNER = { worker: "w1", thread: 0 };

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read into it
  readonly body: any;
}

export function makeAdmin(options: Partial<AdminOptions & SqliteOptions> = {}) {
  const { path: folder, [Symbol.dispose]: remove } = makeFolder();
  const clock = { now: () => NOW, monotonic: () => 0 };
  const store = new SqliteStore({ path: join(folder, "tq.db"), clock, ...options });
  const events: Event[] = [];
  const app = createAdmin({
    store,
    token: TOKEN,
    config: parseSettings({}, "test"),
    catalog: () => CATALOG,
    mode: "worker",
    version: "1.2.3",
    report: (event) => events.push(event),
    ...options,
  });

  async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const headers = new Headers(init.headers);
    if (!headers.has("authorization")) headers.set("authorization", `Bearer ${TOKEN}`);
    const response = await app.request(path, { ...init, headers });
    const text = await response.text();
    const body: unknown = text === "" ? null : JSON.parse(text);
    return { status: response.status, headers: response.headers, body };
  }

  return {
    app,
    store,
    events,
    folder,
    ask,
    get: (path: string) => ask(path),
    /** A text is sent as it is. */
    post: (path: string, body?: unknown) => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      return ask(path, { method: "POST", ...(text === undefined ? {} : { body: text }) });
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      remove();
    },
  };
}

export const CALL = { model: "sale", method: "process", instances: 7 };
