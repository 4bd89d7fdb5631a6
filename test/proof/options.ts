/** The flags of the proofs that a person starts. */
import { accessSync, constants } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

/** The executable that a proof takes, unless `--tq` names another. */
export const BUILT = join(import.meta.dir, "../../dist/tq");

/** Ends the program after `--help`, and where the flags are wrong. */
export function readOptions<const T extends Readonly<Record<string, string | undefined>>>(
  usage: string,
  defaults: T,
): T {
  const names = Object.keys(defaults);
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" }] as const));
  try {
    const help = { type: "boolean", short: "h" } as const;
    const { values } = parseArgs({ args: process.argv.slice(2), options: { ...options, help } });
    if (values.help !== true) return { ...defaults, ...values };
    console.log(usage); // oxlint-disable-line no-console
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
  process.exit(0);
}

/** The path of an executable; ends the program where there is none. */
export function executableAt(path: string): string {
  try {
    accessSync(path, constants.X_OK);
  } catch {
    console.error(
      `There is no executable ${path}: build it with npm run build, or name it with --tq`,
    );
    process.exit(2);
  }
  return resolve(path);
}
