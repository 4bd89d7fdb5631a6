/** `tq resume QUEUE`, `tq resume --task MODEL.METHOD`, `tq resume --all`: ends a pause. */
import { TqError } from "../src/errors.ts";
import { pauseWords, resumeCommand, targetWords } from "../src/store/pause-words.ts";
import type { Pause } from "../src/store/pauses.ts";
import { command } from "./command/command.ts";
import { capitalized, overlapping, readTarget, TARGET_FLAGS } from "./command/pausing.ts";
import { type Program, withExisting } from "./command/program.ts";

export const resume = command({
  name: "resume",
  description: "End a pause of a queue or a method",
  flags: {
    ...TARGET_FLAGS,
    all: { type: "boolean", description: "End all pauses" },
  },
  run: async ({ queue, task, all }, program) => {
    if (all === true) return resumeAll({ queue, task }, program);
    const target = readTarget("resume", { queue, task });
    const { ended, others, now } = await withExisting(program.anyConfig(), async (store) => {
      const ended = await store.pauses.resume(target);
      const others = overlapping(target, await store.pauses.list());
      return { ended, others, now: store.now() };
    });
    program.answer(ended, () => resumedWords(ended));
    for (const other of others) {
      program.note(`Still, ${pauseWords(other, now)}; to end that too: ${resumeCommand(other)}`);
    }
  },
});

async function resumeAll(
  { queue, task }: { readonly queue?: string | undefined; readonly task?: string | undefined },
  program: Program,
): Promise<void> {
  if (queue !== undefined || task !== undefined) {
    throw new TqError("invalid", "Cannot resume: give --all, or what to resume; not both");
  }
  const ended = await withExisting(program.anyConfig(), (store) => store.pauses.resumeAll());
  program.answer(ended, () =>
    ended.length === 0 ? "Nothing was paused" : ended.map(resumedWords).join("\n"),
  );
}

function resumedWords(pause: Pause): string {
  return `${capitalized(targetWords(pause))} ${/[*?]/.test(pause.name) ? "are" : "is"} resumed`;
}
