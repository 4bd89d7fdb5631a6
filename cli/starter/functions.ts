/** Plain functions, without models or records. */
import type { Starter } from "./starter.ts";

export const FUNCTIONS: Starter = {
  purpose: "plain functions, without records",
  about: "a task is the call of a function that `task` has given a name.",
  push: `tq push greet '["world"]'`,
  models: `// The tasks of this project. The tq executable provides the module "tq".
import { currentTask, task } from "tq";

/** A task is a function with a name. What it returns is kept, and \`tq show\` shows it. */
export const greet = task("greet", async (name: string) => {
  const sentence = \`Hello, \${name}!\`;
  console.log(sentence); // kept with the task: tq logs shows it
  return sentence;
});

/** An attempt that fails or takes over 30 s is repeated, up to five times, after longer and longer waits. */
export const measure = task("measure", { attempts: 5, timeout: "30s" }, async (url: string) => {
  const response = await fetch(url, { signal: currentTask()?.signal ?? null });
  if (!response.ok) throw new Error(\`\${url} answered \${response.status}\`);
  const page = await response.text();
  await greet.push(url); // this push commits with the end of its task, or not at all
  return page.length;
});

/** Pushed by itself each morning; \`tq cron list\` shows when. */
export const morning = task(
  "morning",
  { cron: { "every-morning": { schedule: "0 7 * * 1-5" } } },
  async () => {
    await greet.push("early bird");
  },
);
`,
};
