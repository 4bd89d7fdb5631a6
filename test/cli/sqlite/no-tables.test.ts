/** A file without tables of tq, such as a copy that was made in the wrong folder. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { needs } from "../../support/needs.ts";
import { AS_ANOTHER_USER } from "../../support/tools.ts";
import { Folder } from "../tq.ts";

const LINES = ["list", "show 1", "status", "cancel 1", "retry --state failed", "clean"];

const EMPTY = "it has no tables at all";
const FOREIGN = "none of its tables is one of tq";

const COPY = "a copy of an empty file";

function writeForeign(path: string, journal: "delete" | "wal"): void {
  using db = new Database(path);
  db.run(`PRAGMA journal_mode = ${journal}`);
  db.run("CREATE TABLE sale (id INTEGER PRIMARY KEY)");
}

const KINDS: readonly [kind: string, what: string, write: (folder: Folder) => void][] = [
  ["an empty file", EMPTY, (folder) => folder.write("tq.db", "")],
  [
    COPY,
    EMPTY,
    (folder) => {
      folder.write("wrong.db", "");
      using db = new Database(folder.file("wrong.db"));
      db.query("VACUUM INTO ?").run(folder.file("tq.db"));
    },
  ],
  ["another program's database", FOREIGN, (folder) => writeForeign(folder.file("tq.db"), "delete")],
  ["another program's WAL", FOREIGN, (folder) => writeForeign(folder.file("tq.db"), "wal")],
];

function contentOf(folder: Folder) {
  return readdirSync(folder.path)
    .sort()
    .map((name) => [name, readFileSync(folder.file(name)).toString("base64")]);
}

/** Every command on a copy of an empty file, and one that reads and one that writes on each kind of file. */
const CASES = KINDS.flatMap(([kind, what, write]) => {
  const lines = kind === COPY ? LINES : ["status", "cancel 1"];
  return lines.map((line) => [line, kind, what, write] as const);
});

describe("a command that looks for tasks refuses a file without tables of tq, and writes nothing", () => {
  test.each(CASES)("tq %s: %s", async (line, _kind, what, write) => {
    await using folder = new Folder();
    write(folder);
    const before = contentOf(folder);
    const { code, stdout, stderr } = await folder.tq(...line.split(" "));
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toStartWith(`tq: There is no queue in ${folder.file("tq.db")}: ${what}; `);
    expect(contentOf(folder)).toEqual(before);
  });

  needs("root").test("also for a user who may only read the file", async () => {
    await using folder = new Folder();
    folder.write("tq.db", "");
    const before = contentOf(folder);
    const { code, stderr } = await folder.shell(
      `chmod 755 . && exec ${AS_ANOTHER_USER.join(" ")} "$0" "$@"`,
      { HOME: "/" },
      "list",
    );
    expect(stderr).toStartWith(`tq: There is no queue in ${folder.file("tq.db")}: ${EMPTY}; `);
    expect(code).toBe(3);
    expect(contentOf(folder)).toEqual(before);
  });
});

describe("a push into a file without tables of tq", () => {
  test.each(KINDS)("makes them beside what is there: %s", async (_kind, _what, write) => {
    await using folder = new Folder();
    write(folder);
    const env = { TQ_QUEUE__WORKER: "1" };
    const pushed = await folder.tqWith({ env }, "push", "note", "count", "1");
    expect(pushed).toMatchObject({ code: 0, stdout: "1\n" });
    const { stdout } = await folder.tq("list", "--json");
    expect(JSON.parse(stdout)).toMatchObject([{ id: 1, model: "note" }]);
  });
});
