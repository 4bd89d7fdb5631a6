/** The commands of `tq cron`. */
import type { CommandGroup } from "../command/command.ts";
import { add } from "./add.ts";
import { edit, pause, remove, reset, resume } from "./change.ts";
import { explain } from "./explain.ts";
import { history } from "./history.ts";
import { list } from "./list.ts";
import { run } from "./run.ts";

export const cron: CommandGroup = {
  name: "cron",
  description: "Recurring tasks: list, add, edit, pause and explain them",
  commands: { list, add, edit, reset, pause, resume, run, remove, explain, history },
};
