/** The answers of `tq completions SHELL WORDS`, whatever the shell. */
import { expect, test } from "bun:test";
import { complete } from "../../../cli/completion/candidates.ts";
import { COMMANDS } from "../../../cli/commands.ts";
import { newTask } from "../../support/store.ts";
import { makeBox } from "../remote/box.ts";
import { Folder } from "../tq.ts";

async function wordsFor(...words: string[]): Promise<readonly string[]> {
  const found = await complete(words, COMMANDS);
  return found.kind === "words" ? found.candidates.map(([word]) => word) : [found.kind];
}

test("an empty line is completed with all commands, and a begun one with those that fit", async () => {
  expect(await wordsFor("")).toEqual(Object.keys(COMMANDS));
  expect(await wordsFor("st")).toEqual(["status", "stats"]);
  expect(await wordsFor("--json", "help", "cron", "re")).toEqual(["reset", "resume", "remove"]);
});

test("flags are completed by their names, and only those that may still be given", async () => {
  expect(await wordsFor("version", "--js")).toEqual(["--json"]);
  expect(await wordsFor("version", "--json", "--js")).toEqual([]);
  expect(await wordsFor("worker", "--na")).toEqual(["--name"]);
  expect(await wordsFor("-")).toContain("--url");
  expect(await wordsFor("list", "--state", "failed", "--st")).toEqual(["--state"]);
  expect(await wordsFor("version", "--", "--js")).toEqual([]);
});

test.each([
  [["cron", "edit", "night", "--missed", "o"], ["once"]],
  [
    ["list", "--state=f"],
    ["--state=finished", "--state=failed"],
  ],
  [
    ["list", "--state", "failed,r"],
    ["failed,ready", "failed,running"],
  ],
  [["list", "--state=ready,r"], ["--state=ready,running"]],
  [["worker", "--drain=a"], ["--drain=all"]],
  [["worker", "--drain", "x"], []],
  [
    ["stats", "--last", ""],
    ["hour", "day", "week"],
  ],
  [["push", "--priority", ""], []],
  [["-d", ""], ["files"]],
  [["worker", "--models=m"], ["files"]],
  [["run", "program.ts", "--js"], ["files"]],
  [
    ["service", "install", "--print", "--for", ""],
    ["systemd", "launchd", "windows"],
  ],
  [["backup", ""], ["files"]],
  [["init", ""], ["folders"]],
  [["init", "shop", ""], []],
  [["unknown", ""], []],
  [["version", "--json=t"], []],
] as const)("the line %j is completed with %j", async (words, expected) => {
  expect(await wordsFor(...words)).toEqual([...expected]);
});

const ANSWER = ["completions", "fish"] as const;

test("names of tasks, workers, recurring tasks and tokens come from the database of the line", async () => {
  await using folder = new Folder();
  const store = folder.store();
  await store.push([newTask({ queue: "print", model: "sale" }), newTask({ queue: "a\nb\tc" })]);
  await store.register({ id: "w-1", pid: process.pid, threads: 1, queues: ["mail", "x*"] });
  await store.close();
  const there = ["-d", folder.database.place];
  await using elsewhere = new Folder();
  const answer = async (...words: string[]) => {
    const { stdout, stderr, code } = await elsewhere.tq(...ANSWER, ...there, ...words);
    expect([code, stderr]).toEqual([0, ""]);
    return stdout.split("\n").slice(1, -1);
  };
  expect(await answer("pause", "")).toEqual(["default", "mail", "print"]);
  expect(await answer("push", "sale", "")).toEqual(["process"]);
  expect(await answer("push", "stock", "")).toEqual([]);
  expect(await answer("show", "")).toEqual(["2\tready sale.process", "1\tready sale.process"]);
  expect(await answer("list", "--call", "sale.")).toEqual(["sale.process"]);
});

test("tq resume is completed with what is paused", async () => {
  await using folder = new Folder();
  const store = folder.store();
  await store.push([newTask({ queue: "print" }), newTask({ queue: "mail" })]);
  const pause = { by: "ana", reason: null, until: null };
  await store.pauses.pause({ ...pause, kind: "queue", name: "print" });
  await store.pauses.pause({ ...pause, kind: "task", name: "sale.*" });
  await store.close();
  const there = ["-d", folder.database.place];
  expect(await wordsFor("resume", ...there, "")).toEqual(["print"]);
  expect(await wordsFor("resume", ...there, "--task", "")).toEqual(["sale.*"]);
  expect(await wordsFor("pause", ...there, "")).toEqual(["default", "mail", "print"]);
});

test("recurring tasks of tq.toml and the models are known before a worker has taken them up", async () => {
  await using folder = new Folder();
  folder.write("tq.toml", '[cron.night]\nschedule = "@daily"\ntask = "sale.sum"\n');
  folder.write(
    "models.ts",
    `import { Model } from "tq";
    export class Sale extends Model {
      static __name__ = "sale";
      static cron = { hourly: { schedule: "@hourly", method: "sum" } };
      static async sum() {}
    }`,
  );
  const env = { TQ_COMPLETION_PATIENCE: "60s" };
  const answer = async () =>
    (await folder.tqWith({ env }, ...ANSWER, "cron", "pause", "")).stdout.split("\n").slice(1, -1);
  expect((await answer()).toSorted()).toEqual(["hourly", "night"]);
  expect((await folder.tq("cron", "pause", "hourly")).code).toBe(0);
  expect((await answer()).toSorted()).toEqual(["hourly", "night"]);
});

test("names come from the machine of --url, and nothing is said where it does not answer", async () => {
  await using box = await makeBox();
  await box.store.push([newTask({ queue: "print" })]);
  const flags = ["--url", box.url, "--token-file", box.tokenFile];
  const { stdout } = await box.office.tq(...ANSWER, ...flags, "list", "--queue", "p");
  expect(stdout).toBe("words\nprint\n");
  const none = ["--url", "http://127.0.0.1:1", "--token-file", box.tokenFile];
  expect(await box.office.tq(...ANSWER, ...none, "list", "--queue", "p")).toEqual({
    code: 0,
    stdout: "words\n",
    stderr: "",
  });
});

test("PowerShell, which drops an empty last word, ends each with a dot", async () => {
  await using folder = new Folder();
  const answer = async (...words: string[]) =>
    (await folder.tq("completions", "powershell", ...words)).stdout.split("\n").slice(1, -1);
  expect(await answer("token", ".")).toEqual([
    expect.stringMatching(/^add\t/),
    expect.stringMatching(/^list\t/),
    expect.stringMatching(/^remove\t/),
  ]);
  expect(await answer("token", "ad.")).toHaveLength(1);
});

test("tq completions refuses a shell that it does not know, with those that it does", async () => {
  await using folder = new Folder();
  expect(await folder.tq("completions", "bsh")).toEqual({
    code: 2,
    stdout: "",
    stderr:
      'tq: SHELL cannot be "bsh": it must be one of bash, zsh, fish, powershell; did you mean "bash"?\n',
  });
});
