/** `tq logs` and the other commands that follow what a task says: what they print where lines are gone, or unreadable. */
import { mkdirSync } from "node:fs";
import { expect, setDefaultTimeout, test } from "bun:test";
import type { ClaimedTask } from "../../src/task.ts";
import type { Store } from "../../src/store/store.ts";
import { type LiveOutput, outputLine } from "../../src/store/task-output.ts";
import { onSqlite } from "../support/tested-store.ts";
import { claimFirst, OWNER, pushOne } from "../support/store.ts";
import { Folder } from "./tq.ts";

setDefaultTimeout(30_000);

const line = (text: string) => outputLine({ at: 1, level: "info", text });
const cut = (lines: number, bytes: number) => outputLine({ cut: { lines, bytes } });
const FINISHED = { kind: "finished", result: null, reason: null } as const;

/** Calls `next` with all that a stream has said, each time that it says more. */
async function follow(stream: ReadableStream, next: (said: string) => Promise<void>) {
  const decoder = new TextDecoder();
  let said = "";
  for await (const part of stream) {
    said += decoder.decode(part as Uint8Array, { stream: true });
    await next(said);
  }
  return said;
}

/** A thread that says more each time that the follower has told the last line of what it said before. */
function talk(folder: Folder, store: Store) {
  let live: LiveOutput | null = null;
  let task: ClaimedTask | null = null;
  let step = 0;
  const steps: [told: RegExp, say: () => Promise<unknown>][] = [
    [/second/, async () => live?.replace(cut(5, 50) + line("sixth") + line("seventh"))],
    [
      /seventh/,
      () =>
        store.write(async (session) => {
          if (task === null) throw new Error("It has not begun");
          await session.settle(task, FINISHED);
          await session.keepOutput(1, 1, cut(7, 70) + line("eighth"));
        }),
    ],
  ];
  return {
    async begin() {
      task = await claimFirst(store);
      live = folder.database.liveOutput(OWNER);
      live.begin(task);
      live.append(line("first") + line("second"));
    },
    async told(said: string) {
      const [pattern, say] = steps[step] ?? [];
      if (!pattern?.test(said)) return;
      step += 1;
      await say?.();
    },
  };
}

const words = (text: string) =>
  [...text.matchAll(/\[.*\]|first|second|sixth|seventh|eighth|"skipped".*"lines":\d+,"bytes":\d+/g)]
    .map(([word]) => word)
    .join(" ");

const MARK = "[3 lines are missing here, 37 bytes: the task said more than is kept]";
const DATA = '"skipped","task":1,"attempt":1,"lines":3,"bytes":37';

test.each([
  [["logs", "1", "-f"], "stdout", MARK],
  [["logs", "1", "-f", "--json"], "stdout", DATA],
  [["watch", "1"], "stdout", MARK],
  [["watch", "1", "--json"], "stdout", DATA],
  [["push", "sale", "process", "7", "--wait"], "stderr", MARK],
] as const)(
  "tq %p tells each line once, and has a mark for those that are gone",
  async (args, stream, mark) => {
    await using folder = new Folder();
    const store = folder.store();
    const thread = talk(folder, store);
    const isPush = args[0] === "push";
    if (!isPush) {
      await pushOne(store);
      await thread.begin();
    }
    const following = folder.start(args, { TQ_QUEUE__WORKER: "1" });
    let isBegun = !isPush;
    const said = await follow(following[stream], async (text) => {
      if (!isBegun && text.includes("Waiting")) {
        isBegun = true;
        await thread.begin();
      }
      await thread.told(text);
    });
    expect(await following.exited).toBe(0);
    expect(words(said)).toBe(`first second ${mark} sixth seventh eighth`);
    await store.close();
  },
);

test("tq watch tells what a cancelled run says until it ends, then that it was cancelled", async () => {
  await using folder = new Folder();
  const store = folder.store();
  await pushOne(store);
  const task = await claimFirst(store);
  const live = folder.database.liveOutput(OWNER);
  live.begin(task);
  live.append(line("first"));
  const { stdout } = folder.start(["watch", "1"]);
  let isCancelled = false;
  const said = await follow(stdout, async (so) => {
    if (isCancelled || !so.includes("first")) return;
    isCancelled = true;
    await store.cancel(1, "no more");
    setTimeout(() => live.append(line("second")), 50); // the run goes on for a moment
  });
  await store.close();
  expect(said).toMatch(/first[^]*second[^]*was cancelled: no more/);
});

/** Runs of task 1, with what each says; the last one finishes it. */
async function sayRuns(store: Store, ...said: readonly string[]) {
  await pushOne(store);
  for (const [index, text] of said.entries()) {
    const task = await claimFirst(store);
    const isLast = index === said.length - 1;
    await store.write(async (session) => {
      await session.settle(task, isLast ? FINISHED : { kind: "interrupted", reason: "stop" });
      await session.keepOutput(1, task.attempt, text);
    });
  }
}

const untimed = (text: string) => text.replaceAll(/^\d\S+ \S+ /gm, "");

test("tq logs -f has the headings of tq logs between the runs of a task", async () => {
  await using folder = new Folder();
  const store = folder.store();
  await sayRuns(store, line("first") + line("second"), line("third"));
  await store.close();
  const heading = "run 1\ninfo  first\ninfo  second\n\nrun 2\ninfo  third\n";
  for (const more of [[], ["-f"]]) {
    const { stdout } = await folder.tq("logs", "1", ...more);
    expect(untimed(stdout)).toBe(heading);
  }
  const { stdout } = await folder.tq("logs", "1", "-f", "--json");
  const lines = stdout.trimEnd().split("\n");
  expect(lines.map((text) => JSON.parse(text))).toMatchObject([
    { attempt: 1, text: "first" },
    { attempt: 1, text: "second" },
    { attempt: 2, text: "third" },
  ]);
});

test("tq logs -f of a task with one run has no heading", async () => {
  await using folder = new Folder();
  const store = folder.store();
  await sayRuns(store, line("first"));
  await store.close();
  const { stdout } = await folder.tq("logs", "1", "-f");
  expect(untimed(stdout)).toBe("info  first\n");
});

test("tq logs -f has a heading before the run that begins while it follows", async () => {
  await using folder = new Folder();
  const store = folder.store();
  await pushOne(store);
  const first = await claimFirst(store);
  await store.write((session) => session.keepOutput(1, 1, line("first")));
  let isAgain = false;
  const said = await follow(folder.start(["logs", "1", "-f"]).stdout, async (so) => {
    if (isAgain || !so.includes("first")) return;
    isAgain = true;
    await store.write((session) =>
      session.settle(first, { kind: "interrupted", reason: "its worker stops" }),
    );
    const second = await claimFirst(store);
    await store.write(async (session) => {
      await session.settle(second, FINISHED);
      await session.keepOutput(1, second.attempt, line("second"));
    });
  });
  await store.close();
  expect(untimed(said)).toBe("info  first\n\nrun 2\ninfo  second\n");
});

test("tq logs has the mark first, and the JSON the numbers", async () => {
  await using folder = new Folder();
  const store = folder.store();
  await pushOne(store);
  await store.write((session) => session.keepOutput(1, 1, cut(1_234, 56_789) + line("the end")));
  await store.close();
  const { stdout } = await folder.tq("logs", "1");
  expect(stdout).toMatch(
    /^\[1,234 lines are missing here, 56,789 bytes: the task said more than is kept\]\n.* the end\n$/,
  );
  const { stdout: json } = await folder.tq("logs", "1", "--json");
  expect(JSON.parse(json)).toMatchObject([{ attempt: 1, cut: { lines: 1_234, bytes: 56_789 } }]);
});

onSqlite("what runs say is in no file").test(
  "tq logs of a task whose output this user cannot read says so, with the path, after what is kept",
  async () => {
    await using folder = new Folder();
    const store = folder.store();
    await pushOne(store);
    const first = await claimFirst(store);
    await store.write(async (session) => {
      await session.settle(first, { kind: "interrupted", reason: "its worker stops" });
      await session.keepOutput(1, first.attempt, line("kept"));
    });
    await claimFirst(store);
    mkdirSync(folder.file("tq.db-output/worker-1.1"), { recursive: true });
    const sentence =
      /Cannot read what task 1 says: EISDIR: .*give this user the right to read .*\/tq\.db-output, or/;
    expect(await folder.tq("logs", "1")).toEqual({
      code: 6,
      stdout: expect.stringMatching(/^\S+ \S+ info {2}kept\n$/),
      stderr: expect.stringMatching(sentence),
    });
    expect(await folder.tq("logs", "1", "-f")).toMatchObject({
      code: 6,
      stderr: expect.stringMatching(sentence),
    });
    await store.close();
  },
);
