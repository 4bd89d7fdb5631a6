/** `tq version`: prints the versions of tq, its schema and Bun. */
import { POSTGRES_SCHEMA_VERSION, SCHEMA_VERSION } from "../src/open-store.ts";
import { VERSION } from "../src/version.ts";
import { command } from "./command/command.ts";

export const version = command({
  name: "version",
  description: "Print the version of tq",
  flags: {},
  run: async (_values, program) => {
    const data = {
      tq: VERSION,
      schema: SCHEMA_VERSION,
      postgres_schema: POSTGRES_SCHEMA_VERSION,
      bun: Bun.version,
    };
    program.answer(data, () => `tq ${VERSION} (schema ${SCHEMA_VERSION}, Bun ${Bun.version})`);
  },
});
