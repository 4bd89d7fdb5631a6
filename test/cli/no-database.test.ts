/** Commands that need a database make none, and say what lies in its place. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { Folder } from "./tq.ts";

setDefaultTimeout(20_000);

describe("a command that looks", () => {
  test.each(["list", "show 1", "status", "cancel 1", "retry 1", "clean"])(
    "makes no database: %s",
    async (line) => {
      using empty = new Folder();
      const { code, stdout, stderr } = await empty.tq(...line.split(" "));
      expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
      expect(stderr).toStartWith(`tq: There is no database ${empty.file("tq.db")}: `);
      expect(existsSync(empty.file("tq.db"))).toBe(false);
    },
  );

  test("says that the database is gone where its log is there", async () => {
    using folder = new Folder();
    folder.write("tq.db-wal", "");
    const { code, stderr } = await folder.tq("status");
    expect(code).toBe(6);
    expect(stderr).toContain("it is gone, and its write-ahead log");
    expect(existsSync(folder.file("tq.db"))).toBe(false);
  });

  test("refuses a folder and a file that is no database", async () => {
    using other = new Folder();
    const folderGiven = await other.tq("list", "-d", other.path);
    expect(folderGiven.code).toBe(6);
    expect(folderGiven.stderr).toContain("it is a folder");
    other.write("notes.txt", "no database, ".repeat(1000));
    const textGiven = await other.tq("list", "--database", "notes.txt");
    expect(textGiven.code).toBe(6);
    expect(textGiven.stderr).toContain("it is not a SQLite database");
  });
});
