/** An admin API on a store of its own, in a folder that is removed after the test. */
import { type AdminOptions, createAdmin } from "../../src/admin/app.ts";
import type { Event } from "../../src/log/events.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { makeFolder } from "../support/folder.ts";
import type { OpenOptions } from "../support/open-place.ts";
import { TestedDatabase } from "../support/tested-store.ts";

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

const CLOCK = { now: () => NOW, monotonic: () => 0 };

interface Given extends Partial<AdminOptions>, OpenOptions {}

export function makeAdmin(options: Given = {}) {
  const { path: folder, [Symbol.dispose]: remove } = makeFolder();
  const tested = new TestedDatabase(folder);
  const store = options.store ?? tested.open({ clock: CLOCK, durability: "normal", ...options });
  const events: Event[] = [];
  const app = createAdmin({
    token: TOKEN,
    config: parseSettings({}, "test"),
    catalog: () => CATALOG,
    mode: "worker",
    version: "1.2.3",
    report: (event) => events.push(event),
    ...options,
    store,
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
    /** The database as another program has it. */
    database: tested,
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
      await tested[Symbol.asyncDispose]();
      remove();
    },
  };
}

export const CALL = { model: "sale", method: "process", instances: 7 };
