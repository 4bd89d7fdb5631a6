/** The limits of a push: each way in takes a value up to its limit and refuses the next one with a sentence. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { COMMANDS } from "../../cli/commands.ts";
import { createAdmin } from "../../src/admin/app.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { push, type PushOptions } from "../../src/index.ts";
import { CALL, OPTIONS } from "../../src/push/task-options.ts";
import { IS_POSTGRES, makeRuntime, onSqlite, sentenceOf } from "../model/support.ts";

type Field = "model" | "method" | "queue" | "ref" | "user" | "priority";

const MOST = Number.MAX_SAFE_INTEGER;

const TAKEN: [Field, string | number][] = [
  ["model", "m".repeat(1000)],
  ["method", "😀".repeat(1000)],
  ["queue", "é".repeat(1000)],
  ["ref", "r".repeat(1000)],
  ["user", 0],
  ["user", MOST],
  ["priority", MOST],
  ["priority", -MOST],
];

const REFUSED: [Field, string | number | bigint][] = [
  ...(["model", "method", "queue", "ref"] as const).flatMap((field): [Field, string][] => [
    [field, ""],
    [field, "x".repeat(1001)],
    [field, "😀".repeat(1001)],
    [field, "x".repeat(1_000_000)],
    [field, "a\0b"],
    [field, "\0"],
  ]),
  ["user", -1],
  ["user", 2n ** 53n],
  ["user", 2n ** 63n - 1n],
  ["priority", 2n ** 53n],
  ["priority", -(2n ** 53n)],
];

let tq: ReturnType<typeof makeRuntime>;
let db: Database;
beforeAll(() => {
  tq = makeRuntime();
  void tq.store.list(); // makes the file
  db = new Database(tq.path);
});
afterAll(async () => {
  db.close();
  await tq[Symbol.asyncDispose]();
});

/** Puts the place of a text into JSON, and the text into its place: numbers as another language writes them. */
const toJson = (call: object, texts: Record<string, string>) =>
  JSON.stringify({ ...call, ...texts }).replace(/"@([^"]*)@"/, "$1");

const CALLED = { model: "sale", method: "process", instances: [1] };

async function post(body: string): Promise<void> {
  const { model, method } = JSON.parse(body) as { model: string; method: string };
  const admin = createAdmin({
    store: tq.store,
    token: "t",
    config: parseSettings({}, "test"),
    catalog: () => ({ [model]: [method] }),
    mode: "worker",
    version: "0",
  });
  const answer = await admin.request("http://localhost/api/tasks", {
    method: "POST",
    headers: { Authorization: "Bearer t" },
    body,
  });
  const { error } = (await answer.json()) as { error?: { message: string } };
  if (error) throw new Error(error.message);
}

const WAYS: Record<string, (field: Field, value: unknown) => Promise<unknown>> = {
  TypeScript: (field, value) => push({ ...CALLED, [field]: value } as PushOptions),
  HTTP: (field, value) =>
    post(
      typeof value === "bigint" || typeof value === "number"
        ? toJson(CALLED, { [field]: `@${value}@` })
        : JSON.stringify({ ...CALLED, [field]: value }),
    ),
  "plain SQL": async (field, value) => {
    const call = { ...CALLED, instances: "[1]", [field]: value };
    const columns = Object.keys(call);
    const text = `INSERT INTO tq_push (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
    db.query(text).run(...(Object.values(call) as string[]));
  },
  "the command line": async (field, value) => {
    expect(COMMANDS["push"]).toBeDefined();
    const { kind } = { ...CALL, ...OPTIONS }[field];
    kind.readText(String(value), field);
  },
};

describe.each(Object.keys(WAYS).filter((way) => !IS_POSTGRES || way !== "plain SQL"))(
  "%s",
  (way) => {
    const pushBy = WAYS[way] ?? (() => Promise.reject(new Error("no way")));

    test.each(TAKEN)("takes the longest or greatest %s", async (field, value) => {
      const given = field === "ref" ? `${way} ${value}`.slice(0, 1000) : value;
      await pushBy(field, given);
      if (way === "the command line") return;
      const [task] = await tq.store.list({ limit: 1 });
      expect(task?.[field]).toBe(given);
    });

    test.each(
      REFUSED.map(([field, value]) => [field, Bun.inspect(value).slice(0, 20), value] as const),
    )("refuses the %s %s", async (field, _shown, value) => {
      const before = (await tq.store.list({ limit: 1 }))[0]?.id;
      const sentence = await sentenceOf(() => pushBy(field, value));
      expect(sentence).toContain(field);
      expect(sentence).toContain("must be");
      expect(sentence.length).toBeLessThan(400);
      expect((await tq.store.list({ limit: 1 }))[0]?.id).toBe(before);
    });
  },
);

onSqlite("the tests of tq_push of PostgreSQL are in test/postgres/sql").describe(
  "a number beyond all numbers",
  () => {
    test.each(["args", "kwargs", "context"])(
      "is refused in %s by plain SQL and by HTTP",
      async (field) => {
        for (const number of ["1e999", "-1E+400", `1${"0".repeat(400)}.5`]) {
          const json = field === "args" ? `[[${number}]]` : `{"a": {"b": ${number}}}`;
          const text = `INSERT INTO tq_push (model, method, instances, ${field}) VALUES ('sale', 'process', '1', ?)`;
          expect(() => db.query(text).run(json)).toThrow(
            `tq_push: ${field} holds a number that is too big`,
          );
          expect(
            await sentenceOf(() =>
              post(JSON.stringify({ ...CALLED, [field]: 0 }).replace(/0(?=\}$)/, json)),
            ),
          ).toContain(field);
        }
      },
    );

    test("does not keep plain SQL from what looks like one", async () => {
      const args = JSON.stringify([
        `1e999 ${"x".repeat(400)}`,
        1e300,
        1e-300,
        [2n ** 60n].map(String),
      ]);
      db.query(
        "INSERT INTO tq_push (model, method, instances, args) VALUES ('sale', 'process', '1', ?)",
      ).run(args);
      const digits = `[${"9".repeat(400)}, 5e-999, "${"x".repeat(400)}"]`;
      db.query(
        "INSERT INTO tq_push (model, method, instances, args) VALUES ('sale', 'process', '1', ?)",
      ).run(digits);
      const [task] = await tq.store.list({ limit: 1 });
      expect(JSON.stringify(task?.args)).toStartWith(`[${"9".repeat(400)},`);
    });
  },
);
