/** `tq restore FILE`: puts a backup in the place of the database. */
import { resolve } from "node:path";
import { TqError } from "../src/errors.ts";
import { wallNow } from "../src/clock.ts";
import { inspectBackup, restoreBackup } from "../src/open-store.ts";
import { pauseWords, resumeCommand } from "../src/store/pause-words.ts";
import type { BackupContent, Restored } from "../src/store/restore.ts";
import { formatTime } from "./terminal/text.ts";
import { command } from "./command/command.ts";
import type { Program } from "./command/program.ts";
import { readWhole } from "./command/values.ts";
import { canAsk } from "./terminal/ask.ts";
import { taskWords } from "./terminal/task-words.ts";
import { counted } from "./terminal/text.ts";

export const restore = command({
  name: "restore",
  description: "Put a backup in the place of the database, which stays under another name",
  flags: {
    file: {
      type: "positional",
      isPath: true,
      description: "The file that tq backup has written",
    },
    hold: {
      type: "boolean",
      description: "Pause everything, until tq resume '*': look first at what has run since",
    },
    run: {
      type: "boolean",
      description:
        "Let tasks run that waited or ran when the copy was made, also for a second time",
    },
    "skip-ids": {
      type: "string",
      valueHint: "N",
      description:
        "Ids to leave out (default: those that the former database gave; where it is lost, 100000)",
    },
  },
  run: async ({ file: given, hold = false, run = false, "skip-ids": skipped }, program) => {
    if (hold && run) {
      throw new TqError("invalid", "Cannot use --hold and --run together: leave one out");
    }
    const skip =
      skipped === undefined ? null : readWhole(skipped, "--skip-ids", 0, 1_000_000_000_000);
    const config = program.config();
    const file = resolve(given);
    const content = await inspectBackup(config, file);
    const chosen = hold || run ? hold : choose(content, file, program);
    if (chosen === null) throw new TqError("conflict", "Nothing was restored");
    const restored = await restoreBackup(config, { file, hold: chosen, skip }, content);
    program.answer({ ...restored, made_at: content.madeAt }, () => answer(restored, content));
    for (const note of notes(restored, content)) program.note(note);
  },
});

/**
 * Asks whether to hold, where something would run.
 *
 * @returns null where the user wants neither
 * @throws TqError "invalid" where nobody can be asked
 */
function choose(content: BackupContent, file: string, program: Program): boolean | null {
  const waits = waitingWords(content);
  if (waits === null) return false;
  const what = `${file} has ${waits}, which may have run since`;
  if (!canAsk()) {
    throw new TqError(
      "invalid",
      `Cannot restore: ${what}; say --hold, and nothing runs until tq resume '*', or --run`,
    );
  }
  if (program.ask(`${what}. Hold them back until tq resume '*'?`)) return true;
  return program.ask("Run them, also for a second time?") ? false : null;
}

/** The tasks that would run, in words; null: none. */
function waitingWords({ tasks, recurring }: BackupContent): string | null {
  const parts = [
    ...(["ready", "scheduled", "running"] as const).flatMap((state) =>
      tasks[state] === 0 ? [] : [counted(tasks[state], `${state} task`)],
    ),
    ...(recurring === 0 ? [] : [counted(recurring, "recurring task")]),
  ];
  return parts.length === 0 ? null : parts.join(", ");
}

function answer(
  { path, tasks, held, pauses, next_id }: Restored,
  { madeAt }: BackupContent,
): string {
  const made = madeAt === null ? "" : ` of ${formatTime(madeAt)}`;
  const state = held
    ? "everything is paused"
    : pauses.length > 0
      ? "the pauses of the backup stay"
      : "nothing is paused";
  return `Restored ${path} from the backup${made}: ${taskWords(tasks)}; ${state}; the next task is ${next_id}`;
}

function* notes(restored: Restored, { tokens }: BackupContent) {
  const { former, former_logs, interrupted, held, pauses } = restored;
  if (former !== null) yield `The former database is ${former}; delete it once all is well`;
  else if (former_logs.length > 0) {
    yield `The former database was gone, and only ${former_logs.join(" and ")} is left of it: its log, which no program can read without it; delete it once all is well`;
  }
  if (interrupted > 0) {
    const again = interrupted === 1 ? "it is" : "they are";
    yield `${counted(interrupted, "task")} ran when the copy was made: how far is unknown, and ${again} ready again`;
  }
  if (tokens > 0) yield "Tokens that were removed since are valid again: tq token list";
  for (const pause of held ? pauses.filter(({ name }) => name !== "*") : pauses) {
    yield `Still, ${pauseWords(pause, wallNow())}; to end that: ${resumeCommand(pause)}`;
  }
  if (held) yield "Cancel what must not run again (tq list, tq cancel), then: tq resume '*'";
}
