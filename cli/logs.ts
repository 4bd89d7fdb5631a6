/** `tq logs ID`, `tq logs --ref TEXT`: what a task has said while it ran; with `-f` also what it says from now on. */
import { noSuchTask } from "../src/errors.ts";
import type { Store } from "../src/store/store.ts";
import type { OutputLine, RunOutput } from "../src/store/task-output.ts";
import { ENDED_STATES, type Task } from "../src/task.ts";
import { progressWords } from "../src/tasks/progress-words.ts";
import { command } from "./command/command.ts";
import { newLines } from "./command/follow.ts";
import { type Program, toLook } from "./command/program.ts";
import { findWanted, readWanted, REF_FLAG } from "./command/wanted.ts";
import { lineText, outputText } from "./terminal/output.ts";
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
    await toLook(program.config(), async (store) => {
      const task = await findWanted(store, wanted, "show");
      await (follow === true
        ? followTask(store, task.id, program)
        : showAll(store, task.id, program));
    });
  },
});

async function showAll(store: Store, id: number, program: Program): Promise<void> {
  const runs = await store.output(id);
  if (runs.length > 0 || program.json)
    program.answer(runs, () => outputText(runs, program.terminal));
  else program.note(`Task ${id} has said nothing`);
}

/** The time between two looks: no commit tells what a task says while it runs. */
const LOOK_MS = 200;

async function followTask(store: Store, id: number, program: Program): Promise<void> {
  let shown: readonly RunOutput[] = [];
  for (;;) {
    const { state } = await requireTask(store, id);
    const runs = await store.output(id);
    const news = runs.flatMap((run) =>
      newsOf(
        run,
        shown.find(({ attempt }) => attempt === run.attempt),
      ),
    );
    for (const line of news) {
      const text = program.json ? JSON.stringify(line) : lineText(line, program.terminal);
      if (!print(text)) return; // as `tq logs -f 7 | head`
    }
    shown = runs;
    if (ENDED_STATES.some((ended) => ended === state)) return;
    await store.changed(await store.version(), LOOK_MS);
    await store.check();
  }
}

/** The lines that were said since the last look, and how far the run is where that has changed. */
function newsOf(run: RunOutput, before: RunOutput | undefined): readonly OutputLine[] {
  const lines = newLines(run, before);
  const { progress } = run;
  if (progress === null || progress.at === before?.progress?.at) return lines;
  return [...lines, { at: progress.at, level: "info", text: progressWords(progress) }];
}

async function requireTask(store: Store, id: number): Promise<Task> {
  const task = await store.get(id);
  if (task !== null) return task;
  throw noSuchTask(`show what task ${id} said`);
}
