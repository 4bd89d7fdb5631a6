/** `tq cron edit`, `reset`, `pause`, `resume` and `remove`: what people do to one recurring task. */
import { KEY_ROWS } from "../../src/cron/key-help.ts";
import { originWords, unremovableWords } from "../../src/cron/origin.ts";
import { TqError } from "../../src/errors.ts";
import { databaseExists } from "../../src/open-store.ts";
import { printable } from "../../src/printable.ts";
import { quote } from "../../src/quote.ts";
import {
  calledAfter,
  type Changed,
  earlierKeys,
  editCron,
  type KeyChange,
  keyChanges,
  pauseCron,
  resetCron,
  resumeCron,
  unchangedCron,
} from "../../src/tasks/cron/control.ts";
import { isInFiles, knownRow, removeCron } from "../../src/tasks/cron/known.ts";
import type { CronPause } from "../../src/cron/ledger.ts";
import { type RecurringTask, recurringTask } from "../../src/tasks/cron/recurring.ts";
import type { Config } from "../../src/settings/config.ts";
import type { Store } from "../../src/store/store.ts";
import { command } from "../command/command.ts";
import { noDatabase, type Program, withExisting } from "../command/program.ts";
import { readUntil, UNTIL_FLAG } from "../command/until.ts";
import { comesWords, pauseWords } from "../terminal/recurring.ts";
import { checkTask } from "./check-task.ts";
import { keyFlags, NAME_FLAG, readKeys } from "./key-flags.ts";
import { readFiles, withKnown } from "./known.ts";
import { recurringOf } from "./on-box.ts";

export const edit = command({
  name: "cron edit",
  description: "Have the database say other things than the definition: other times, another queue",
  flags: { name: NAME_FLAG, ...keyFlags },
  run: async (values, program) => {
    const { name } = values;
    const said = readKeys(values);
    if (Object.keys(said).length === 0) {
      throw new TqError(
        "invalid",
        `Cannot edit ${name}: say what is to change, such as --schedule "0 3 * * *"`,
      );
    }
    const config = program.config();
    await withKnown(config, program, name, async (store) => {
      const called = await calledAfter(store, name, said);
      if (called !== null) await checkTask(called, `Cannot edit ${name}`, config, program);
      await answerChange(store, await editCron(store, name, said), program);
    });
  },
});

export const reset = command({
  name: "cron reset",
  description: "Take back what tq cron edit has changed: the definition counts again",
  flags: { name: NAME_FLAG },
  run: async ({ name }, program) => {
    await withKnown(program.config(), program, name, async (store) => {
      const changed = await resetCron(store, name);
      if (changed === null) program.note(`${name} has not been edited: nothing has changed`);
      await answerChange(store, changed ?? (await unchangedCron(store, name)), program);
    });
  },
});

export const pause = command({
  name: "cron pause",
  description: "Hold a recurring task back: its slots pass without a task, and are not caught up",
  flags: {
    name: NAME_FLAG,
    reason: { type: "string", valueHint: "TEXT", description: "Why; tq cron list shows it" },
    until: UNTIL_FLAG,
  },
  run: async ({ name, reason = null, until }, program) => {
    const config = program.anyConfig();
    if (config.remote !== undefined) {
      const box = await recurringOf(config.remote);
      const end = until === undefined ? null : readUntil(until, Date.now());
      const { pause: earlier } = await box.get(name);
      answerPause(await box.pause(name, { reason, until: end }), earlier, program);
      return;
    }
    await withKnown(config, program, name, async (store) => {
      const end = until === undefined ? null : readUntil(until, store.now());
      const { before, after } = await pauseCron(store, name, { reason, until: end });
      answerPause(await recurringTask(store, after), before.override.pause ?? null, program);
    });
  },
});

export const resume = command({
  name: "cron resume",
  description: "End a pause; the slots that passed meanwhile are not caught up",
  flags: { name: NAME_FLAG },
  run: async ({ name }, program) => {
    const config = program.anyConfig();
    if (config.remote !== undefined) {
      const box = await recurringOf(config.remote);
      const { pause: earlier } = await box.get(name);
      answerResume(await box.resume(name), earlier, program);
      return;
    }
    await withKnown(config, program, name, async (store) => {
      const changed = await resumeCron(store, name);
      const { before, after } = changed ?? (await unchangedCron(store, name));
      const earlier = changed === null ? null : (before.override.pause ?? null);
      answerResume(await recurringTask(store, after), earlier, program);
    });
  },
});

function answerPause(task: RecurringTask, earlier: CronPause | null, program: Program): void {
  const { name, pause: made } = task;
  const was = earlier === null ? "" : ` (it was ${pauseWords(earlier)})`;
  program.answer(task, () => `${printable(name)} is ${made && pauseWords(made)}${was}`);
}

/** @param earlier the pause that has ended; null: there was none. */
function answerResume(task: RecurringTask, earlier: CronPause | null, program: Program): void {
  const { name } = task;
  if (earlier === null) program.note(`${name} is not paused: nothing has changed`);
  const was = earlier === null ? "" : `; it was ${pauseWords(earlier)}`;
  program.answer(task, () => `${printable(name)} goes on: ${comesWords(task)}${was}`);
}

export const remove = command({
  name: "cron remove",
  description: "Remove a recurring task that tq cron add has made, with its history",
  flags: { name: NAME_FLAG },
  run: async ({ name }, program) => {
    const config = program.config();
    if (!databaseExists(config)) throw await unremovable(config, program, name);
    await withExisting(config, async (store) => {
      await removeCron(store, () => readFiles(config, program), name);
      program.answer({ name, removed: true }, () => `Removed ${name}; the tasks it pushed stay`);
    });
  },
});

/** Why one is not removed where there is no database. */
async function unremovable(config: Config, program: Program, name: string): Promise<TqError> {
  const files = await readFiles(config, program);
  const refusal = isInFiles(files, name) ? unremovableWords(knownRow(files, [], name)) : null;
  return refusal === null ? noDatabase(config) : new TqError("conflict", refusal);
}

/** Tells each key that has another value now. */
async function answerChange(store: Store, changed: Changed, program: Program) {
  const { after } = changed;
  const task = await recurringTask(store, after);
  const changes = await keyChanges(store, changed);
  program.answer({ ...task, was: earlierKeys(changes) }, () =>
    [
      ...changes.map(changeLine),
      `${printable(task.name)}: ${comesWords(task)}`,
      ...(task.edited === null
        ? []
        : [`tq cron reset ${task.name} brings back what ${originWords(after)} says`]),
    ].join("\n"),
  );
}

function changeLine({ key, was, is }: KeyChange): string {
  return `${key} was ${said(key, was)}, and is ${said(key, is)}`;
}

function said(key: string, value: unknown): string {
  if (value === undefined) return KEY_ROWS.find(({ field }) => field === key)?.preset ?? "not said";
  return printable(typeof value === "string" ? value : quote(value));
}
