import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { removePidfile, writePidfile } from "../../cli/command/pidfile.ts";
import { needs } from "../support/needs.ts";

let folder = "";
let path = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tq-pid-"));
  path = join(folder, "tq.pid");
});

afterEach(() => rmSync(folder, { recursive: true }));

/** The id of a process that has been and is gone. */
function deadPid(): number {
  return Bun.spawnSync(["true"]).pid;
}

/** A process with this command line, once it runs. */
async function runningAs(
  line: readonly string[],
): Promise<Bun.Subprocess<"pipe", "pipe", "inherit">> {
  const command = ["sh", "-c", "cat; exit $?", ...line]; // what stands behind the script is its arguments
  const child = Bun.spawn(command, { stdin: "pipe", stdout: "pipe" });
  await child.stdin.write("hello\n");
  await child.stdout.getReader().read();
  return child;
}

describe("the pid file", () => {
  test("has this process's id, on a line", () => {
    writePidfile(path);
    expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
  });

  test("of a dead process is replaced, and so is an empty one", () => {
    for (const text of [`${deadPid()}\n`, ""]) {
      writeFileSync(path, text);
      writePidfile(path);
      expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
    }
  });

  test("is never a file of something else: that stays as it is", () => {
    for (const text of ["a pid\n", "-1\n", "0\n", "SQLite format 3\0"]) {
      writeFileSync(path, text);
      expect(() => writePidfile(path)).toThrow(
        `Cannot start: ${path} exists and is not a pid file`,
      );
      removePidfile(path);
      expect(readFileSync(path, "utf8")).toBe(text);
    }
  });

  test("of a living process is respected", async () => {
    await using other = await runningAs(["tq", "worker", "--pidfile", path]);
    writeFileSync(path, `${other.pid}\n`);
    expect(() => writePidfile(path)).toThrow(
      `Cannot start: the pid file ${path} belongs to process ${other.pid}, which is alive; stop it, or give --pidfile another path`,
    );
    expect(readFileSync(path, "utf8")).toBe(`${other.pid}\n`);
  });

  needs("Linux").test(
    "is replaced when its number has been given to another program since",
    async () => {
      for (const line of [["printer"], ["tq", "worker", "--pidfile", join(folder, "other.pid")]]) {
        await using other = await runningAs(line);
        writeFileSync(path, `${other.pid}\n`);
        writePidfile(path);
        expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
      }
    },
  );

  test.each(["--pidfile ./tq.pid", "--pidfile=tq.pid", "-n 1 --pidfile=tq.pid -q"])(
    "may be given relative to a folder that its process has left: %s",
    async (flags) => {
      await using other = await runningAs(["tq", "worker", ...flags.split(" ")]);
      writeFileSync(path, `${other.pid}\n`);
      expect(() => writePidfile(path)).toThrow("which is alive");
    },
  );

  test("that cannot be written is an error that says where", () => {
    const missing = join(folder, "missing", "tq.pid");
    expect(() => writePidfile(missing)).toThrow(`Cannot write the pid file ${missing}: `);
  });

  test("is removed only by the process that it names", () => {
    writePidfile(path);
    removePidfile(path);
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(path, `${process.ppid}\n`);
    removePidfile(path);
    expect(readdirSync(folder)).toEqual(["tq.pid"]);
    removePidfile(join(folder, "missing"));
    removePidfile(undefined);
  });
});
