/** `tq pause QUEUE`, `tq pause --task MODEL.METHOD`: workers take no task of it until it is resumed. */
import type { KnownCall } from "../src/call-patterns.ts";
import { callsOf } from "../src/catalog.ts";
import { isTqError } from "../src/errors.ts";
import { standardError } from "../src/log/standard-stream.ts";
import type { Store } from "../src/store/store.ts";
import { pauseWords, resumeCommand } from "../src/store/pause-words.ts";
import type { PauseTarget } from "../src/store/pauses.ts";
import { newPause, REASON } from "../src/tasks/pauses.ts";
import { command } from "./command/command.ts";
import { type Program, withExisting, withStore } from "./command/program.ts";
import { loadRegistry } from "./command/runtime.ts";
import { capitalized, readTarget, TARGET_FLAGS, unknownWords } from "./command/pausing.ts";
import { readUntil, UNTIL_FLAG } from "./command/until.ts";

export const pause = command({
  name: "pause",
  description: "Let no task of a queue or a method begin; running ones end",
  examples: [
    ["tq pause print --until 2h", "A queue, for two hours"],
    ["tq pause --task 'sale.*'", "All methods of a model"],
  ],
  flags: {
    ...TARGET_FLAGS,
    reason: { type: "string", valueHint: "TEXT", description: "Why, for those who wonder" },
    until: UNTIL_FLAG,
  },
  run: async ({ queue, task, reason, until }, program) => {
    const target = readTarget("pause", { queue, task });
    const why = reason === undefined ? {} : { reason: REASON.readText(reason, "--reason") };
    const config = program.anyConfig();
    // In a new project a pause is there before the first task.
    const { made, before, unknown, now } = await (config.remote ? withExisting : withStore)(
      config,
      async (store) => {
        const end = until === undefined ? {} : { until: endOf(until, store) };
        const wanted = newPause(target, { ...why, ...end }, store.now(), "Cannot pause: --");
        const before = (await store.pauses.list()).find((one) => isSame(one, target));
        const unknown = await unknownWords(store, target, () => callsOfModels(program));
        return { made: await store.pauses.pause(wanted), before, unknown, now: store.now() };
      },
    );
    program.answer(made, () => capitalized(pauseWords(made, now)));
    if (before) program.note(`Before, ${pauseWords(before, now)}`);
    if (unknown !== null) program.note(unknown);
    program.note(`Running tasks end, others wait; to go on: ${resumeCommand(target)}`);
  },
});

function isSame(one: PauseTarget, { kind, name }: PauseTarget): boolean {
  return one.kind === kind && one.name === name;
}

function endOf(until: string, store: Store): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(readUntil(until, store.now()));
}

/** The calls of the models of this folder; none where they cannot be loaded. */
async function callsOfModels(program: Program): Promise<KnownCall[]> {
  try {
    return callsOf((await loadRegistry(program.anyConfig(), program, standardError())).catalog());
  } catch (error) {
    if (isTqError(error)) return [];
    throw error;
  }
}
