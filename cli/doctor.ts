/** `tq doctor`: looks at the database, its disk, its workers and their settings, and says what to do. */
import { statSync } from "node:fs";
import type { ModelCatalog } from "../src/catalog.ts";
import type { Check, Checked } from "../src/doctor/check.ts";
import { examine, failed } from "../src/doctor/examine.ts";
import { isTqError } from "../src/errors.ts";
import type { Config } from "../src/settings/config.ts";
import type { Store } from "../src/store/store.ts";
import { formatSize } from "../src/values/size.ts";
import { VERSION } from "../src/version.ts";
import { command } from "./command/command.ts";
import { namesOfModels } from "./command/models-process.ts";
import { modeOf } from "./command/mode.ts";
import { type Program, toLook } from "./command/program.ts";
import { doctorText } from "./terminal/doctor.ts";

export const doctor = command({
  name: "doctor",
  description:
    "Look for what is wrong, or soon will be, and say what to do: exit 1 if it finds something",
  flags: {
    quick: {
      type: "boolean",
      description: "Neither read the whole file, nor measure the disk, nor load the models",
    },
  },
  run: async ({ quick }, program) => {
    const config = program.anyConfig();
    if (config.remote !== undefined) {
      const { openRemote } = await import("./remote/open.ts");
      const there = await openRemote(config.remote).findings("doctor");
      return answer(there.checked, program);
    }
    return answer(await look(config, program, quick === true), program);
  },
});

/** Models that load for longer are a finding. */
const LOAD_PATIENCE_MS = 10_000;

/** To read so much takes some seconds. */
const LONG_READ_BYTES = 200_000_000;

async function look(config: Config, program: Program, quick: boolean): Promise<Checked[]> {
  let catalog: ModelCatalog | null = null;
  const { models } = config;
  const load = async () => {
    if (models) ({ catalog } = await namesOfModels(models, LOAD_PATIENCE_MS));
  };
  const before = (store: Store, { name }: Pick<Check, "name">) => {
    if (name !== "damage") return;
    const { size = 0 } = statSync(store.name, { throwIfNoEntry: false }) ?? {}; // a server has no such file
    if (size < LONG_READ_BYTES) return;
    program.note(`Reads the whole file of ${formatSize(size)}; --quick leaves that out`);
  };
  try {
    return await toLook(config, async (store) => {
      const mode = await modeOf(store, config);
      const health = { store, config, mode, load, catalog: () => catalog };
      return examine(health, { quick, before: (check) => before(store, check) });
    });
  } catch (error) {
    if (!isTqError(error)) throw error;
    return [failed({ name: "database", subject: "the database can be read" }, error)];
  }
}

/** @returns the exit code */
function answer(checked: readonly Checked[], program: Program): number {
  const findings = checked.flatMap((one) => one.findings);
  const data = {
    version: VERSION,
    findings,
    checks: checked.map(({ name, subject, fact, hint, findings: { length } }) => {
      return { check: name, subject, well: length === 0, fact, hint };
    }),
  };
  program.answer(data, () => doctorText(checked, program.terminal));
  return findings.length === 0 ? 0 : 1;
}
