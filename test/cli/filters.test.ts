/** Which tasks `tq list` and the commands that move tasks take, and what they refuse. */
import { expect, test } from "bun:test";
import { readFilter } from "../../cli/command/filter.ts";
import { isTqError, type TqError } from "../../src/errors.ts";
import { type NewTask, TASK_STATES } from "../../src/task.ts";
import { newTask } from "../support/store.ts";
import { Folder } from "./tq.ts";

async function folderWith(...tasks: Partial<NewTask>[]): Promise<Folder> {
  const folder = new Folder();
  const store = folder.store();
  await store.push(tasks.map((task) => newTask(task)));
  await store.close();
  return folder;
}

async function listed(folder: Folder, ...args: string[]): Promise<number[]> {
  const { code, stdout, stderr } = await folder.tq("list", "--json", ...args);
  if (code !== 0) throw new Error(stderr);
  return (JSON.parse(stdout) as { id: number }[]).map(({ id }) => id).toReversed();
}

test("tq list takes each part of a filter, and many at once", async () => {
  await using folder = await folderWith(
    { queue: "mail", user: 7, args: '[{"order":4711,"name":"Müller & 50%"}]', ref: "a" },
    { queue: "mail-slow", model: "sale.line", method: "check", args: '[{"order":"4711"}]' },
    { queue: "print", model: "report", method: "call", instances: [], context: '{"company":1}' },
  );
  const list = (...args: string[]) => listed(folder, ...args);
  expect(await list("--queue", "mail*")).toEqual([1, 2]);
  expect(await list("--call", "sale.line.check")).toEqual([2]);
  expect(await list("--call", "report")).toEqual([3]);
  expect(await list("--call", "sale*.*", "--user", "7")).toEqual([1]);
  expect(await list("--method", "check", "--model", "sale.line")).toEqual([2]);
  expect(await list("--ref", "a")).toEqual([1]);
  expect(await list("args.order=4711")).toEqual([1, 2]);
  expect(await list('args.order="4711"')).toEqual([2]);
  expect(await list("args.order=4711", "args.name~müller", "--queue", "mail")).toEqual([1]);
  expect(await list("args.name~50%")).toEqual([1]);
  expect(await list("context.company=1")).toEqual([3]);
  expect(await list("instances=7", "--state", "ready")).toEqual([1, 2]);
  expect(await list("--args-have", "& 50%")).toEqual([1]);
  expect(await list("--args-have", "% 50")).toEqual([]);
  expect(await list("--older-than", "1h")).toEqual([]);
  expect((await folder.tq("list", "--pushed-after", "00:00")).code).toBe(0);
  expect(await list("--newer-than", "1h", "--pushed-before", "2200-01-01T00:00Z")).toEqual([
    1, 2, 3,
  ]);
  expect(await list("--after", "1", "--before", "3")).toEqual([2]);
  await folder.tq("cancel", "2");
  expect(await list("--ended-after", "1h")).toEqual([2]);
  expect(await list("--reason-has", "BY HAND")).toEqual([2]);
  expect(await list("--ended-before", "1h")).toEqual([]);
  expect(await list("--error", "cancelled by hand")).toEqual([]);
});

test.each([
  [
    ["--state", "faild"],
    '--state cannot be "faild": it must be one of scheduled, ready, running, finished, failed, cancelled; did you mean "failed"?',
  ],
  [
    ["--user", "me"],
    '--user cannot be "me": it must be the id of a user: a whole number from 0 up',
  ],
  [["--user", "-1"], '--user cannot be "-1"'],
  [["--pushed-before", "7"], '--pushed-before: "7" has no unit; say the unit: 7s, 7m or 7h'],
  [
    ["--pushed-before", "-7d"],
    '--pushed-before cannot be "-7d": it must be a length of time before now like "7d"',
  ],
  [["--ended-after", "yesterday"], '--ended-after: "yesterday" is not a length of time'],
  [
    ["--pushed-after", "7d", "--pushed-before", "8d"],
    "no task is between --pushed-after and --pushed-before; are they the wrong way round?",
  ],
  [["--after", "7", "--before", "8"], "no task is between --after and --before"],
  [
    ["--state", "ready", "--ended-after", "1h"],
    "--ended-after is about tasks that have ended, and none that is ready has",
  ],
  [["--call", ".check"], '--call cannot be ".check": it must be a call as tq list shows it'],
  [
    ["--call", "sale.check", "--model", "sale"],
    "--call says the model and the method: leave out --model and --method",
  ],
  [
    ["--args-have", "x".repeat(100_000)],
    "it must be text in the arguments, as text of 1 to 1000 characters",
  ],
  [
    ["--queue", "*".repeat(100_000)],
    "it must be the name of a queue, as text of 1 to 1000 characters",
  ],
  [
    ["args.a=" + "x".repeat(100_000)],
    "is no condition on a task: it must be text of at most 2000 characters",
  ],
  [
    ["4711"],
    '"4711" is no condition on a task: write it like args.order=4711, or args.name~miller',
  ],
  [
    ["order=4711"],
    '"order=4711" is no condition on a task: a path cannot begin with "order"; begin with args',
  ],
  [["arg.order=4711"], 'a path cannot begin with "arg"; did you mean "args"?'],
  [["args=4711"], "name a part of args, such as args.order"],
  [["args..order=1"], "write it like args.order=4711"],
  [["args.=1"], "write it like args.order=4711"],
  [['args."a=1'], "write it like args.order=4711"],
  [[String.raw`args.a\b=1`], "write it like args.order=4711"],
  [['args.a="x'], "the quotes of its value do not fit"],
  ...["args.a!=1", "args.a>=1", "args.a==1", "args.a=~x", "args.a<b=1"].map(
    (condition) => [[condition], 'the operators are = and ~, which is "contains"'] as const,
  ),
  [["args.a[0]=1"], "a place in a list is a part of its own: args.order.0"],
  [["args.a = 1"], "no space stands beside a key"],
  [[String.raw`args."a\x"=1`], String.raw`a key in quotes is JSON, such as args."the \"best\""`],
  [[String.raw`args."\u0000"=1`], "a key in quotes is JSON"],
  [["args.a~"], "it must be the text that it contains, as text of 1 to 1000 characters"],
  [[`args${".a".repeat(51)}=1`], "a path has at most 50 parts"],
  [
    Array.from({ length: 21 }, (_, n) => `args.a${n}=1`),
    "21 conditions like args.order=4711 are given, and at most 20 may be",
  ],
])("a filter is refused with a sentence: %#", (args, sentence) => {
  const { message } = refusal(args);
  expect(message).toContain(sentence);
  expect(message.length).toBeLessThan(600);
});

/** The error with which these arguments are read. */
function refusal(args: readonly string[]): TqError {
  const given: Record<string, string> = {};
  const conditions: string[] = [];
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word.startsWith("--")) given[word.slice(2)] = rest.shift() ?? "";
    else conditions.push(word);
  }
  try {
    readFilter(given, conditions, TASK_STATES);
  } catch (error) {
    if (isTqError(error)) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

test("tq list refuses what is no filter, and prints nothing", async () => {
  await using folder = await folderWith({});
  expect(await folder.tq("list", "4711")).toEqual({
    code: 2,
    stdout: "",
    stderr:
      'tq: "4711" is no condition on a task: write it like args.order=4711, or args.name~miller\n',
  });
  expect((await folder.tq("list", "--usr", "7")).stderr).toBe(
    'tq: Unknown flag "--usr"; did you mean "--user"?\n',
  );
  const long = await folder.tq("list", "--args-have", "%".repeat(100_000));
  expect(long.code).toBe(2);
  expect(long.stderr.length).toBeLessThan(300);
});

test("a damaged row is found by nothing inside it, and hides no other", async () => {
  await using folder = await folderWith({ args: '[{"a":5' }, { args: '[{"a":5}]' });
  expect(await listed(folder, "args.a=5")).toEqual([2]);
  expect(await listed(folder, "--args-have", '"a":5')).toEqual([1, 2]);
});
