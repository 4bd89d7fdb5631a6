/** Commands that need a database make none, and say what lies in its place. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { madeQueues, NOTES } from "../made.ts";
import { Folder } from "../tq.ts";

setDefaultTimeout(20_000);

describe("a command that looks", () => {
  test.each(["list", "show 1", "status", "cancel 1", "retry 1", "clean"])(
    "makes no database: %s",
    async (line) => {
      await using empty = new Folder();
      const { code, stdout, stderr } = await empty.tq(...line.split(" "));
      expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
      expect(stderr).toStartWith(`tq: There is no database ${empty.file("tq.db")}: `);
      expect(existsSync(empty.file("tq.db"))).toBe(false);
    },
  );

  test("says that the database is gone where its log is there", async () => {
    await using folder = new Folder();
    folder.write("tq.db-wal", "");
    const { code, stderr } = await folder.tq("status");
    expect(code).toBe(6);
    expect(stderr).toContain("it is gone, and its write-ahead log");
    expect(existsSync(folder.file("tq.db"))).toBe(false);
  });

  test("refuses a folder and a file that is no database", async () => {
    await using other = new Folder();
    const folderGiven = await other.tq("list", "-d", other.path);
    expect(folderGiven.code).toBe(6);
    expect(folderGiven.stderr).toContain("it is a folder");
    other.write("notes.txt", "no database, ".repeat(1000));
    const textGiven = await other.tq("list", "--database", "notes.txt");
    expect(textGiven.code).toBe(6);
    expect(textGiven.stderr).toContain("it is not a SQLite database");
  });
});

describe("a command that makes a queue says so in the log", () => {
  const WORKER = { env: { TQ_QUEUE__WORKER: "1", TQ_LOG__FORMAT: "json" } };
  test.each([
    ["push note read 1", "nothing"],
    ["push note read 1", "an empty file"],
    ["worker --drain", "nothing"],
    ["worker --drain", "an empty file"],
    ["pause print", "nothing"],
  ])("once: tq %s, where there is %s", async (line, found) => {
    await using folder = new Folder();
    folder.write("models.ts", NOTES);
    if (found !== "nothing") folder.write("tq.db", "");
    const first = await folder.tqWith(WORKER, ...line.split(" "));
    expect(first.code).toBe(0);
    const database = folder.file("tq.db");
    expect(madeQueues(first.stderr)).toMatchObject([{ level: "info", database, found }]);
    const second = await folder.tqWith(WORKER, ...line.split(" "));
    expect(madeQueues(second.stderr)).toEqual([]);
  });

  test("also a push that follows a database of programs without a worker into an emptied file", async () => {
    await using folder = new Folder();
    folder.write("models.ts", NOTES);
    folder.write("tq.db", "");
    const { code, stderr } = await folder.tqWith(
      { env: { TQ_LOG__FORMAT: "json" } },
      "push",
      "note",
      "read",
      "1",
    );
    expect(code).toBe(0);
    expect(madeQueues(stderr)).toMatchObject([{ found: "an empty file" }]);
  });
});

test("tq top refuses a database that is not there, and leaves the terminal alone", async () => {
  await using folder = new Folder();
  const { code, text } = await folder.inTerminal({ columns: 80 }, "top");
  expect(code).toBe(3);
  expect(text).toStartWith("tq: There is no database");
});
