/** Texts whose bytes are not UTF-8, as a program sends them that has read Latin-1, and texts that only look so. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { makeStore, pushOne, type TestStore } from "../../support/store.ts";

describe("tq_push", () => {
  let subject: TestStore;
  let db: Database;
  beforeAll(() => {
    subject = makeStore();
    db = new Database(subject.path);
  });
  afterAll(() => {
    db.close();
    return subject[Symbol.asyncDispose]();
  });

  /** Pushes in a transaction that is undone; returns the column of the stored task. */
  function push(column: string, bytes: Buffer): string {
    const columns = column === "model" ? "model" : `model, ${column}`;
    const value = `CAST(x'${bytes.toString("hex")}' AS TEXT)`;
    db.run("SAVEPOINT one");
    try {
      db.run(
        `INSERT INTO tq_push (${columns}) VALUES (${column === "model" ? value : `'f', ${value}`})`,
      );
      const stored = column === "kwargs" ? "args" : column;
      const row = db.query(`SELECT ${stored} AS text FROM tq_tasks`).get() as { text: string };
      return row.text;
    } finally {
      db.run("ROLLBACK TO one");
      db.run("RELEASE one");
    }
  }

  const AROUND: [column: string, before: string, after: string][] = [
    ["model", "b", "ro"],
    ["queue", "b", "ro"],
    ["ref", "", ""],
    ["args", '["M', 'ller"]'],
    ["kwargs", '{"name":"M', '"}'],
    ["context", '{"language":"', '"}'],
  ];
  const encode = (before: string, bytes: Buffer, after: string) =>
    Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]);

  const FOREIGN: [what: string, hex: string][] = [
    ["ü of Latin-1", "fc"],
    ["ß of Latin-1", "df"],
    ["€ of Windows-1252", "80"],
    ["quotes of Windows-1252", "936194"],
    ["Japanese of Shift JIS", "93fa967b"],
    ["an overlong form", "c080"],
    ["half a surrogate pair", "eda080"],
    ["FF", "ff"],
  ];
  for (const [what, hex] of FOREIGN) {
    test(`refuses ${what} in each text`, () => {
      for (const [column, before, after] of AROUND) {
        expect(() => push(column, encode(before, Buffer.from(hex, "hex"), after))).toThrow(
          "tq_push: a text is not UTF-8: let your program write UTF-8, or recode what it has read",
        );
      }
    });
  }

  const TAKEN = [
    "ü",
    "Â",
    "ÃÂ €",
    "é\u00a0",
    "„Straße“",
    "日本",
    "😀",
    "\ufffd",
    "\uffff",
    "\ufffe",
    "﷐",
  ];
  for (const text of TAKEN) {
    test(`takes ${JSON.stringify(text)} in each text`, () => {
      for (const [column, before, after] of AROUND) {
        expect(push(column, encode(before, Buffer.from(text), after))).toContain(text);
      }
    });
  }
});

test("a NUL in a policy is refused with the sentence of its column", async () => {
  await using subject = makeStore();
  using db = new Database(subject.path);
  for (const [column, sentence] of [
    ["timeout", "tq_push: timeout must be text: a length of time"],
    ["backoff", "tq_push: backoff must be text: exponential"],
  ]) {
    for (const text of ["5s\0", "\0", "5\0s", '["5s\0"]', "fixed\0"]) {
      const sql = `INSERT INTO tq_push (model, ${column}) VALUES ('f', ?)`;
      expect(() => db.run(sql, [text])).toThrow(sentence);
    }
  }
});

test("a NUL after JSON is refused: SQLite would store the text without what follows", async () => {
  await using subject = makeStore();
  using db = new Database(subject.path);
  for (const [column, json] of [
    ["instances", "[7]"],
    ["args", "[1]"],
    ["kwargs", '{"a": 1}'],
    ["context", '{"company": 1}'],
  ]) {
    const sql = `INSERT INTO tq_push (model, method, ${column}) VALUES ('sale', 'process', ?)`;
    for (const rest of ["\0", "\0, 2]"]) {
      expect(() => db.run(sql, [`${json}${rest}`])).toThrow(
        "tq_push: instances, args, kwargs and context must be JSON without NUL",
      );
    }
  }
  expect(await subject.store.list()).toEqual([]);
});

test("the status counts the tasks of a queue whose name is not UTF-8, as older versions took it", async () => {
  await using subject = makeStore();
  await pushOne(subject.store, { queue: "far" });
  await pushOne(subject.store, { queue: "bar" });
  const db = new Database(subject.path);
  db.run("UPDATE tq__task SET queue = CAST(x'62fc72' AS TEXT) WHERE queue = 'bar'");
  db.close();
  const { queues } = await subject.store.status();
  expect(queues).toMatchObject([
    { queue: "b\ufffdr", ready: 1 },
    { queue: "far", ready: 1 },
  ]);
});
