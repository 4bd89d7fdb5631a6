/** The commands of `tq token`. */
import type { CommandGroup } from "../command/command.ts";

export const token: CommandGroup = {
  name: "token",
  description: "Tokens of the admin API with roles: add, list and remove them",
  commands: {
    add: async () => (await import("./commands.ts")).add,
    list: async () => (await import("./commands.ts")).list,
    remove: async () => (await import("./commands.ts")).remove,
  },
};
