/** `tq compact`: makes the file of the database smaller. */
import { compactDatabase, databaseExists } from "../src/open-store.ts";
import { formatSize } from "../src/values/size.ts";
import { command } from "./command/command.ts";
import { noDatabase } from "./command/program.ts";

export const compact = command({
  name: "compact",
  description: "Make the file of the database smaller; a worker does so bit by bit",
  flags: {
    full: {
      type: "boolean",
      description: "Write the whole file anew, in order; no worker may run meanwhile",
    },
  },
  run: async ({ full = false }, program) => {
    const config = program.config();
    if (!databaseExists(config)) throw noDatabase(config);
    const sizes = await compactDatabase(config, full);
    program.answer(
      sizes,
      () => `${formatSize(sizes.before)} before, ${formatSize(sizes.after)} now`,
    );
    if (sizes.kept > 0) {
      program.note(
        `${formatSize(sizes.kept)} of it are free and stay: another program has made the file so (PRAGMA auto_vacuum); tq compact --full gives them back`,
      );
    }
  },
});
