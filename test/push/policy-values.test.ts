/** The values of policies at a push: each way in takes the same ones, and refuses the same ones before it stores a task. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { createAdmin } from "../../src/admin/app.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { Model, push, type PushOptions, Transaction } from "../../src/index.ts";
import { TASK_OPTIONS } from "../../src/push/task-options.ts";
import type { Store } from "../../src/store/store.ts";
import { fieldOf } from "../../src/policies/table.ts";
import { Policies } from "../../src/registry/policies.ts";
import { readPushed } from "../../src/policies/read.ts";
import { IS_POSTGRES, makeRuntime } from "../model/support.ts";

class Sale extends Model {
  static override readonly __name__ = "sale";
  static readonly tasks = { process: { timeout: "30s" } } as const;
  static process(_sales: Sale[]): void {}
}

interface QueuedCall {
  (instances: number): Promise<unknown>;
  with(options: object): (instances: number) => Promise<unknown>;
}

const CALLED = { model: "sale", method: "process", instances: 1 };

type Way = (store: Store, key: string, value: unknown) => unknown;

/** The ways in; each throws where it refuses. */
const WAYS: Record<string, Way> = {
  "push()": (_store, key, value) => push({ ...CALLED, [key]: value } as PushOptions),
  "tq push": (_store, key, value) => {
    const option = TASK_OPTIONS.find((one) => one.key === key);
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return push({ ...CALLED, [key]: option?.kind.readText(text, `--${key}`) } as PushOptions);
  },
  HTTP: (store, key, value) => postTo(store, { [key]: value }),
  ...(!IS_POSTGRES && { SQL: pushBySql }), // tests of PostgreSQL's tq_push are in test/postgres/sql
};

function pushBySql(store: Store, key: string, value: unknown): void {
  using db = new Database(store.name);
  const given = typeof value === "object" ? JSON.stringify(value) : value;
  db.query(
    `INSERT INTO tq_push (model, method, instances, ${key}) VALUES ('sale', 'process', 1, ?)`,
  ).run(given as string | number);
}

const GOOD: readonly (readonly [key: "attempts" | "backoff" | "timeout", value: unknown])[] = [
  ["attempts", 1],
  ["attempts", 1_000_000],
  ["timeout", "10ms"],
  ["timeout", "20d"],
  ["timeout", "1h30m"],
  ["timeout", "2d3h4m5.5s6ms"],
  ["timeout", "PT1H30M"],
  ["timeout", "none"],
  ["backoff", "linear"],
  ["backoff", "0s"],
  ["backoff", "1m30s"],
  ["backoff", "PT5M"],
  ["backoff", "P1DT5M"],
  ["timeout", "pt5m"],
  ["backoff", "365d"],
  ["backoff", ["10s", "1m30s", "PT5M"]],
  ["backoff", {}],
  ["backoff", { kind: "linear", first: "1m", longest: "2h30m", factor: 1.5, jitter: 0.1 }],
  ["backoff", { jitter: true }],
];

const WRONG: typeof GOOD = [
  ["attempts", 0],
  ["attempts", -1],
  ["attempts", 1_000_001],
  ["attempts", 1.5],
  ["timeout", 30_000],
  ["timeout", "30"],
  ["timeout", "-5s"],
  ["timeout", "0s"],
  ["timeout", "9ms"],
  ["timeout", "21d"],
  ["timeout", "P1M"],
  ["timeout", "p1m"],
  ["backoff", "P1MT5M"],
  ["backoff", ["10s", "P1M"]],
  ["timeout", "30m1h"],
  ["timeout", "1h1h"],
  ["timeout", "1h30"],
  ["timeout", "1.2.3s"],
  ["timeout", "1.s"],
  ["timeout", "s"],
  ["timeout", "NaN"],
  ["timeout", '1"s'],
  ["timeout", ""],
  ["timeout", "1e3s"],
  ["timeout", ["30s"]],
  ["backoff", "none"],
  ["backoff", "fast"],
  ["backoff", "5"],
  ["backoff", "-5s"],
  ["backoff", "366d"],
  ["backoff", []],
  ["backoff", ["10s", "1"]],
  ["backoff", ["10s", "-1s"]],
  ["backoff", ["10s", "99999d"]],
  ["backoff", [10]],
  ["backoff", [null]],
  ["backoff", { kind: "fast" }],
  ["backoff", { kind: null }],
  ["backoff", { fist: "10s" }],
  ["backoff", { first: 10 }],
  ["backoff", { first: "-1s" }],
  ["backoff", { longest: "366d" }],
  ["backoff", { factor: 0 }],
  ["backoff", { factor: 101 }],
  ["backoff", { factor: "2" }],
  ["backoff", { jitter: 2 }],
  ["backoff", { jitter: -0.1 }],
  ["backoff", { jitter: "0.5" }],
  ["backoff", { jitter: null }],
];

async function postTo(store: Store, fields: object): Promise<void> {
  const catalog = () => ({ sale: ["process"] });
  const config = parseSettings({}, "test");
  const admin = createAdmin({ store, token: "t", config, catalog, mode: "worker", version: "0" });
  const answer = await admin.request("http://localhost/api/tasks", {
    method: "POST",
    headers: { Authorization: "Bearer t" },
    body: JSON.stringify({ ...CALLED, ...fields }),
  });
  const { error } = (await answer.json()) as { readonly error?: { readonly message: string } };
  if (error) throw new Error(error.message);
}

const name = ([key, value]: (typeof GOOD)[number]) => `${key} ${JSON.stringify(value)}`;

describe.each(Object.keys(WAYS))("%s", (way) => {
  test("takes every value of a policy, which means what it means to push()", async () => {
    await using tq = makeRuntime();
    for (const [key, value] of GOOD) {
      await push({ ...CALLED, [key]: value } as PushOptions);
      await WAYS[way]?.(tq.store, key, value);
      const [stored, meant] = (await tq.store.list({ limit: 2 })).map(({ policy }) => policy);
      expect([name([key, value]), said(stored)]).toEqual([name([key, value]), said(meant)]);
    }
  });

  test("refuses each wrong value of a policy with a sentence, and stores nothing", async () => {
    await using tq = makeRuntime();
    for (const [key, value] of WRONG) {
      const refusal = await Promise.try(() => WAYS[way]?.(tq.store, key, value)).then(
        () => "stored",
        (error: Error) => error.message,
      );
      const start = new RegExp(`^(Cannot push: |--|tq_push: )${key}.+`);
      expect([name([key, value]), refusal]).toEqual([
        name([key, value]),
        expect.stringMatching(start),
      ]);
    }
    expect(await tq.store.list()).toEqual([]);
  });
});

describe("no limit", () => {
  const LIMITS = [
    ["timeout", "timeout"],
    ["expiresAt", "expires"],
  ] as const;
  const givenBy = (way: string) => (way === "SQL" || way === "tq push" ? ["none"] : ["none", null]);

  test.each(Object.keys(WAYS))(
    "is said by none, and by null where it is a value, at %s",
    async (way) => {
      await using tq = makeRuntime();
      for (const [key, policy] of LIMITS) {
        const field = way === "SQL" || way === "HTTP" ? fieldOf(key) : key;
        for (const value of givenBy(way)) {
          await WAYS[way]?.(tq.store, field, value);
          const [task] = await tq.store.list({ limit: 1 });
          expect([way, key, value, said(task?.policy), task?.expires_at]).toEqual([
            way,
            key,
            value,
            { [policy]: null },
            null,
          ]);
        }
      }
    },
  );

  test("of a push wins over the limit of its method, and of its context", async () => {
    await using tq = makeRuntime();
    tq.registry.add(Sale, null, true);
    const call = (Sale.__queue__ as Record<string, QueuedCall>)["process"];
    const start = (timeout: string | null, push: () => unknown) =>
      Transaction.start({ context: { queue_timeout: timeout } }, async () => void (await push()));
    await start("1s", () => call?.with({ timeout: null })(1));
    await start(null, () => call?.(1));
    const policies = new Policies([]);
    for (const { policy } of await tq.store.list()) {
      const { timeout } = policies.sourced(Sale, "process", JSON.stringify(policy)).policy;
      expect([policy, timeout]).toEqual([{ timeout: "none" }, null]);
    }
  });
});

/** The policies of a task, as a run reads them. */
function said(policy: unknown): unknown {
  return policy === null ? {} : readPushed(JSON.stringify(policy), "its policy");
}
