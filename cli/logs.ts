/** `tq logs ID`, `tq logs --ref TEXT`: what a task has said while it ran; with `-f` also what it says from now on. */
import { noSuchTask, TqError } from "../src/errors.ts";
import type { Store } from "../src/store/store.ts";
import { ENDED_STATES, type Task } from "../src/task.ts";
import { progressWords } from "../src/tasks/progress-words.ts";
import { command } from "./command/command.ts";
import { type NewLine, NewLines } from "./command/new-lines.ts";
import { type Program, toLook } from "./command/program.ts";
import { findWanted, readWanted, REF_FLAG } from "./command/wanted.ts";
import { lineText, outputText, runHeading, skippedText } from "./terminal/output.ts";
import { print } from "./terminal/terminal.ts";

export const logs = command({
  name: "logs",
  description: "Show what a task has printed and logged, run by run",
  flags: {
    id: { type: "positional", required: false, description: "The id of a task" },
    ref: REF_FLAG,
    follow: { type: "boolean", alias: "f", description: "Go on until the task has ended" },
  },
  run: async ({ id, ref, follow }, program) => {
    const wanted = readWanted("show", id, ref);
    await toLook(program.anyConfig(), async (store) => {
      const task = await findWanted(store, wanted, "show");
      await (follow === true
        ? followTask(store, task.id, program)
        : showAll(store, task.id, program));
    });
  },
});

async function showAll(store: Store, id: number, program: Program): Promise<void> {
  const runs = await store.output(id);
  const readable = runs.filter(({ unread }) => unread === undefined);
  if (readable.length > 0 || program.json)
    program.answer(readable, () => outputText(readable, program.terminal));
  for (const { unread } of runs) if (unread !== undefined) throw unreadable(id, unread);
  if (runs.length === 0) program.note(`Task ${id} has said nothing`);
}

function unreadable(id: number, reason: string): TqError {
  return new TqError("database", `Cannot read what task ${id} says: ${reason}`);
}

/** The time between two looks: no commit tells what a task says while it runs. */
const LOOK_MS = 200;

async function followTask(store: Store, id: number, program: Program): Promise<void> {
  const lines = new NewLines();
  let at: number | null = null;
  let told: number | null = null; // the run of the last line
  for (;;) {
    const { state } = await requireTask(store, id);
    const runs = await store.output(id, lines.from);
    for (const run of runs) {
      const { attempt } = run;
      const news = lines.of(run);
      if (run.progress !== null && run.progress.at !== at) {
        at = run.progress.at;
        const line = { at, level: "info", text: progressWords(run.progress) } as const;
        news.push({ event: "line", attempt, line });
      }
      if (news.length > 0 && attempt !== told) {
        if (attempt > 1 || runs.length > 1) head(attempt, told === null, program);
        told = attempt;
      }
      for (const one of news) if (!tell(id, one, program)) return; // as `tq logs -f 7 | head`
    }
    if (ENDED_STATES.some((ended) => ended === state)) return;
    await store.changed(await store.version(), LOOK_MS);
    await store.check();
  }
}

/** The heading that `tq logs` has. The lines of JSON have the number of their run each. */
function head(attempt: number, isFirst: boolean, { json, terminal }: Program): void {
  if (!json) print(`${isFirst ? "" : "\n"}${runHeading(attempt, terminal)}`);
}

/** @returns false where nothing reads it any more. */
function tell(id: number, one: NewLine, { json, terminal }: Program): boolean {
  if (one.event === "unread") throw unreadable(id, one.reason);
  if (one.event === "line")
    return print(
      json ? JSON.stringify({ attempt: one.attempt, ...one.line }) : lineText(one.line, terminal),
    );
  const { event, attempt, skipped } = one;
  return print(
    json
      ? JSON.stringify({ event, task: id, attempt, ...skipped })
      : skippedText(skipped, terminal),
  );
}

async function requireTask(store: Store, id: number): Promise<Task> {
  const task = await store.get(id);
  if (task !== null) return task;
  throw noSuchTask(`show what task ${id} said`);
}
