/** `tq why ID`: what a task is doing, or why it does not run, and the command that would change it. */
import { isTqError } from "../src/errors.ts";
import { standardError } from "../src/log/standard-stream.ts";
import { printable } from "../src/printable.ts";
import type { Config } from "../src/settings/config.ts";
import type { Situation, WantedTask } from "../src/store/situation.ts";
import type { Task } from "../src/task.ts";
import { onDisk } from "../src/tasks/on-disk.ts";
import type { Why } from "../src/tasks/why/explanation.ts";
import { type PolicyFacts, policyFacts } from "../src/tasks/why/policy-facts.ts";
import { needsPolicy, whyOf } from "../src/tasks/why/why.ts";
import { command } from "./command/command.ts";
import { modeOf } from "./command/mode.ts";
import { type Program, type Remote, toLook } from "./command/program.ts";
import { loadRegistry } from "./command/runtime.ts";
import { findWanted, noSuchWanted, readWanted, REF_FLAG } from "./command/wanted.ts";
import { paint, type Terminal } from "./terminal/terminal.ts";
import { wrapped } from "./terminal/text.ts";

export const why = command({
  name: "why",
  description: "Say what a task is doing, or why it does not run",
  flags: {
    id: { type: "positional", required: false, description: "The id of a task" },
    ref: REF_FLAG,
  },
  run: async ({ id, ref }, program) => {
    const wanted = readWanted("explain", id, ref);
    const config = program.anyConfig();
    if (config.remote !== undefined) return explainRemote(config.remote, wanted, program);
    const [situation, mode] = await toLook(config, async (store) => {
      const found = await store.situation(wanted);
      if (found === null) throw noSuchWanted(wanted, "explain");
      if (found.task.finished_at !== null) await onDisk(store);
      return [found, await modeOf(store, config)] as const;
    });
    const policy = needsPolicy(situation) ? await policyOf(situation.task, config, program) : null;
    const answer = whyOf(situation, { mode, policy });
    program.answer(dataOf(situation, answer), () => textOf(answer, program.terminal));
  },
});

/** The other machine knows its models and its settings: it says why. */
async function explainRemote(remote: Remote, wanted: WantedTask, program: Program): Promise<void> {
  const { openRemote } = await import("./remote/open.ts");
  const store = openRemote(remote);
  const { id } = "id" in wanted ? wanted : await findWanted(store.asStore(), wanted, "explain");
  const answer = await store.explain(id);
  program.answer(answer, () => textOf(answer, program.terminal));
}

/** null where the models, which are user code, cannot be loaded. */
async function policyOf(task: Task, config: Config, program: Program): Promise<PolicyFacts | null> {
  if (config.models === null) return null;
  try {
    const registry = await loadRegistry(config, program, standardError());
    return policyFacts(registry, config.tasks, task);
  } catch (error) {
    if (isTqError(error)) return null;
    throw error;
  }
}

type Words = Pick<Why, "sentence" | "purpose" | "command">;

function dataOf({ task }: Situation, answer: Why) {
  return { id: task.id, state: task.state, queue: task.queue, ...answer };
}

function textOf({ sentence, purpose, command: line }: Words, terminal: Terminal): string {
  const stop = sentence.endsWith("?") ? "" : ".";
  const words = wrapped(printable(sentence) + stop, terminal.width);
  if (line === null) return words;
  return `${words}\nTo ${printable(purpose ?? "")}: ${paint(terminal, "bold", printable(line))}`;
}
