/** Settings in tq.toml, and what is refused there. */
import { describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { growth, LINEAR } from "../support/growth.ts";
import { cwd, load, refusal, renewFolder, write } from "./folder.ts";

renewFolder();

describe("tq.toml", () => {
  test("may begin with a byte order mark", () => {
    write("\ufeff[queue]\r\nworker = true\r\n");
    expect(load().queue.worker).toBe(true);
  });

  test.each([
    ["[queue]\nwroker = true", '[queue] wroker is not a setting; did you mean "worker"?'],
    ["[log]\nretry = 1", "[log] retry is not a setting; it belongs in [database]"],
    ["retry = 1", "retry is not a setting; it belongs in [database]"],
    ["[queue]\nmodels = 'x'", "[queue] models is not a setting; it belongs above the sections"],
    ["[quue]\nworker = true", '[quue] is not a section; did you mean "queue"?'],
    ["[__proto__]\nx = 1", "[__proto__] is not a section"],
    ["queue = 5", "queue is a section with settings; it cannot be 5"],
    [
      "[[queue]]\nworker = true",
      'queue is a section with settings; it cannot be [{"worker":true}]',
    ],
    [
      "[queue]\nworker = 'true'",
      '[queue] worker cannot be "true": it must be true or false, without quotes',
    ],
    [
      "[queue]\nbatch_size = 0",
      "[queue] batch_size cannot be 0: it must be a whole number from 1 to",
    ],
    ["[queue]\nbatch_size = 1.5", "[queue] batch_size cannot be 1.5: it must be a whole number"],
    [
      "[queue]\nbatch_size = inf",
      "[queue] batch_size cannot be Infinity: it must be a whole number",
    ],
    [
      "[worker]\ngrace = 30",
      '[worker] grace cannot be 30: it must be a duration with its unit from "0s"',
    ],
    [
      "[worker]\ngrace = '30'",
      '[worker] grace cannot be "30": it must be a duration with its unit',
    ],
    [
      "[worker]\npoll_interval = '1ms'",
      '[worker] poll_interval cannot be "1ms": it must be a duration',
    ],
    ["[worker]\nqueues = 'mail'", '[worker] queues cannot be "mail": it must be a list of names'],
    ["[worker]\nqueues = [1]", "[worker] queues cannot be [1]: it must be a list of names"],
    [
      "[log]\nlevel = 'wran'",
      '[log] level cannot be "wran": it must be "error" or "warn" or "info" or "debug"; did you mean "warn"?',
    ],
    ["[admin]\nlisten = 8989", "[admin] listen cannot be 8989: it must be HOST:PORT"],
    [
      "[database]\npath = ':memory:'",
      '[database] path cannot be ":memory:": it must be the path of a file on disk',
    ],
    ["models = ''", 'models cannot be "": it must be the path of a file on disk'],
    ["[worker]\nthreads = 2020-01-01", '[worker] threads cannot be "2020-01-01": it must be'],
  ])("is refused: %j", (text, sentence) => {
    const path = write(text);
    expect(refusal(load)).toStartWith(`${path}: ${sentence}`);
  });

  test("with several problems, also of other sources, is refused with all of them", () => {
    const path = write("[queue]\nwroker = true\nbatch_size = 'x'");
    const env = { TQ_LOG__FORMAT: "xml" };
    expect(refusal(() => load({ env, flags: { "worker.threads": "many" } }))).toBe(
      [
        "4 settings are wrong:",
        `  ${path}: [queue] wroker is not a setting; did you mean "worker"?`,
        `  ${path}: [queue] batch_size cannot be "x": it must be a whole number from 1 to 1000000`,
        '  TQ_LOG__FORMAT cannot be "xml": it must be "text" or "json"',
        '  --threads cannot be "many": it must be a whole number from 1 to 1000',
      ].join("\n"),
    );
  });

  test("that is not TOML is refused with its line", () => {
    const path = write("# a list\nmodels = 'x'\n[worker]\nqueues = [\n  'a',\n]\ngrace = = 2\n");
    expect(refusal(load)).toStartWith(`Cannot read ${path}, line 7: `);
    write("[queue\nworker = true");
    expect(refusal(load)).toStartWith(`Cannot read ${path}, line 1: Expected ']'`);
    write("[queue]\nworker = True");
    const words = 'Strings must be quoted: "True"; true and false have small letters';
    expect(refusal(load)).toBe(`Cannot read ${path}, line 2: ${words}`);
  });

  test("that gives a name twice is refused with the line of the second", () => {
    const path = write("models = 'x'\n[queue]\nworker = true\n# again\nworker = true\n\n[log]\n");
    expect(refusal(load)).toStartWith(`Cannot read ${path}, line 5: `);
  });

  test("with thousands of lines is refused with the line, in time that grows with its length", async () => {
    const lines = (size: number) =>
      Array.from({ length: size }, (_, n) => `[a${n}]\nx = 'y'\n`).join("");
    const path = write(`${lines(300)}grace = = 2\n${lines(300)}`);
    expect(refusal(load)).toStartWith(`Cannot read ${path}, line 601: `);
    const work = (size: number) => {
      write(`grace = [\n${"'a',\n".repeat(size)}`);
      refusal(load);
    };
    expect(await growth(100, work)).toBeLessThan(LINEAR);
  });

  test("that is not UTF-8 is refused", () => {
    const path = write(new Uint8Array([0xff, 0xfe, 0x5b, 0x00]));
    expect(refusal(load)).toBe(`Cannot read ${path}: it is not UTF-8 text; save it as UTF-8`);
  });

  test("that is a folder is refused", () => {
    mkdirSync(join(cwd, "tq.toml"));
    const why = "it is a folder; name the file in it";
    expect(refusal(load)).toBe(`Cannot read ${join(cwd, "tq.toml")}: ${why}`);
    expect(refusal(() => load({ file: "." }))).toBe(`Cannot read ${cwd} (from -c): ${why}`);
  });

  test.skipIf(process.platform === "win32")("that is a pipe is refused, and not waited for", () => {
    const path = join(cwd, "tq.toml");
    Bun.spawnSync(["mkfifo", path]);
    expect(refusal(load)).toBe(`Cannot read ${path}: it is not a regular file`);
    expect(load({ file: "/dev/null" }).queue.worker).toBe(false); // the way to name no settings
  });

  test("with more recurring tasks than every look can go through is refused", () => {
    const sections = (count: number) =>
      Array.from(
        { length: count },
        (_, at) => `[cron.c${at}]\nschedule = "@daily"\ntask = "a"\n`,
      ).join("");
    write(sections(1_000));
    expect(load().cron).toHaveLength(1_000);
    const path = write(sections(1_001));
    expect(refusal(load)).toBe(
      `${path}: cron has 1001 recurring tasks; it can have 1000 at most: let a task of one push the others`,
    );
  });

  test("that is named and missing is refused", () => {
    const path = join(cwd, "no.toml");
    const why = "there is no such file";
    expect(refusal(() => load({ file: "no.toml" }))).toBe(`Cannot read ${path} (from -c): ${why}`);
    expect(refusal(() => load({ env: { TQ_CONFIG: "no.toml" } }))).toBe(
      `Cannot read ${path} (from TQ_CONFIG): ${why}`,
    );
    expect(refusal(() => load({ file: "" }))).toBe("Cannot read the settings: -c is empty");
  });
});
