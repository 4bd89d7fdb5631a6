/** What a push says: every way in takes each option, refuses it in the same words, and has no other. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { push as pushCommand } from "../../cli/push.ts";
import { createAdmin } from "../../src/admin/app.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { Model, push, type PushOptions, Transaction } from "../../src/index.ts";
import { CALL, type Row, TASK_OPTIONS } from "../../src/push/task-options.ts";
import { makeRuntime, NOW, sentenceOf } from "../model/support.ts";
import { makeStore } from "../support/store.ts";

class Sale extends Model {
  static override readonly __name__ = "sale";
  static process(_sales: Sale[]): void {}
}

const queue = Sale.__queue__ as Record<string, (instances: unknown) => Promise<unknown>>;

const CALLED = { model: "sale", method: "process", instances: [1, 2, 3] };

/** Every field of a push, in the order of `tq_push`. */
const FIELDS: readonly (Row & { readonly field: string })[] = [
  ...Object.entries<Row>(CALL).map(([field, row]) => ({ ...row, field })),
  ...TASK_OPTIONS,
];

const COLUMNS = FIELDS.filter(({ sql }) => sql !== null);

async function postTo(store: Parameters<typeof createAdmin>[0]["store"], body: unknown) {
  const admin = createAdmin({
    store,
    token: "t",
    config: parseSettings({}, "test"),
    catalog: () => ({ sale: ["process"] }),
    mode: "worker",
    version: "0",
  });
  const answer = await admin.request("http://localhost/api/tasks", {
    method: "POST",
    headers: { Authorization: "Bearer t" },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as { readonly error?: { readonly message: string } };
}

describe("tq_push", () => {
  test("has the columns of the table, in its order", async () => {
    await using subject = makeStore();
    using db = new Database(subject.path);
    const columns = db.query("SELECT name FROM pragma_table_info('tq_push')").all();
    expect(COLUMNS.map(({ field }) => field)).toEqual(
      columns.map((row) => (row as { name: string }).name),
    );
  });

  test.each(COLUMNS.map(({ field, sql }) => [field, sql] as const))(
    "says what %s must be in the table's words",
    async (field, sql) => {
      await using subject = makeStore();
      using db = new Database(subject.path);
      const row = { model: "'sale'", method: "'process'", instances: "7", [field]: "x'00'" };
      const insert = `INSERT INTO tq_push (${Object.keys(row).join(", ")}) VALUES (${Object.values(row).join(", ")})`;
      expect(() => db.run(insert)).toThrow(`tq_push: ${field} must be ${sql}`);
    },
  );
});

/** A value of each option as TypeScript gives it, as JSON has it, and what the first task then has. */
const SAMPLES: Record<
  (typeof TASK_OPTIONS)[number]["key"],
  { given: unknown; json?: unknown; stored: object }
> = {
  queue: { given: "mail", stored: { queue: "mail" } },
  priority: { given: -3, stored: { priority: -3 } },
  scheduledAt: {
    given: { minutes: 5 },
    json: "5m",
    stored: { scheduled_at: NOW + 300_000, state: "scheduled" },
  },
  expectedAt: { given: "PT1H", json: { hours: 1 }, stored: { expected_at: NOW + 3_600_000 } },
  expiresAt: { given: { hours: 2 }, json: "2h", stored: { expires_at: NOW + 7_200_000 } },
  attempts: { given: 5, stored: { policy: { attempts: 5 } } },
  backoff: {
    given: ["10s", "1m"],
    stored: { policy: { backoff: ["10000ms", "60000ms"] } },
  },
  timeout: { given: "30s", stored: { policy: { timeout: "30000ms" } } },
  batch: { given: 2, stored: { instances: [1, 2] } },
  ref: { given: "sale-1", stored: { ref: "sale-1" } },
};

describe.each(TASK_OPTIONS.map((option) => [option.key, option] as const))(
  "the option %s",
  (key, { field, flag, kind }) => {
    const { given, json = given, stored } = SAMPLES[key];

    test("is a key of push()", async () => {
      await using tq = makeRuntime();
      await push({ ...CALLED, [key]: given });
      expect(await tq.getTask(1)).toMatchObject(stored);
    });

    test("is a field of HTTP", async () => {
      await using tq = makeRuntime();
      expect(await postTo(tq.store, { ...CALLED, [field]: json })).toHaveProperty("ids");
      expect(await tq.getTask(1)).toMatchObject(stored);
    });

    test("is a flag of tq push, which is named where its value is wrong", async () => {
      expect(pushCommand.flags[flag]).toMatchObject({ type: "string" });
      expect(await sentenceOf(() => kind.readText("", `--${flag}`))).toMatch(
        new RegExp(`^--${flag}(:| cannot be "": it must be )`),
      );
    });

    test("is refused in the same words everywhere", async () => {
      await using tq = makeRuntime();
      const wrong = [0];
      const said = await sentenceOf(() => push({ ...CALLED, [key]: wrong } as PushOptions));
      const answer = await postTo(tq.store, { ...CALLED, [field]: wrong });
      expect(said).toStartWith(`Cannot push: ${key}`);
      expect(answer.error?.message).toStartWith(`Cannot push: ${field}`);
      if (key.endsWith("At")) return; // JSON may also say the time itself
      expect(said).toEndWith(` cannot be [0]: it must be ${kind.allowed}`);
      expect(answer.error?.message).toEndWith(` cannot be [0]: it must be ${kind.allowed}`);
    });
  },
);

test.each(
  TASK_OPTIONS.flatMap(({ key, context }) => (context === null ? [] : [[context, key] as const])),
)("the key %s of a context is an option, and not stored with the task", async (context, key) => {
  await using tq = makeRuntime();
  const { given, stored } = SAMPLES[key];
  await Transaction.start({ context: { [context]: given } }, () => queue["process"]?.([1, 2, 3]));
  expect(await tq.getTask(1)).toMatchObject({ ...stored, context: {} });
});
