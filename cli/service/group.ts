/** The commands of `tq service`. */
import type { CommandGroup } from "../command/command.ts";

export const service: CommandGroup = {
  name: "service",
  description: "Have the system run tq: install, remove and look at a service",
  commands: {
    install: async () => (await import("./install.ts")).install,
    remove: async () => (await import("./remove.ts")).remove,
    status: async () => (await import("./status.ts")).status,
  },
};
