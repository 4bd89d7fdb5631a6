/** The commands of `tq cron`. */
import type { CommandGroup } from "../command/command.ts";

export const cron: CommandGroup = {
  name: "cron",
  description: "Recurring tasks: list, add, edit, pause and explain them",
  commands: {
    list: async () => (await import("./list.ts")).list,
    add: async () => (await import("./add.ts")).add,
    edit: async () => (await import("./change.ts")).edit,
    reset: async () => (await import("./change.ts")).reset,
    pause: async () => (await import("./change.ts")).pause,
    resume: async () => (await import("./change.ts")).resume,
    run: async () => (await import("./run.ts")).run,
    remove: async () => (await import("./change.ts")).remove,
    explain: async () => (await import("./explain.ts")).explain,
    history: async () => (await import("./history.ts")).history,
  },
};
