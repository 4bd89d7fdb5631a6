/** The recurring tasks of a tq.toml that was changed while a program runs. */
import type { CronText } from "../cron/ledger.ts";
import { TqError } from "../errors.ts";
import { checkFile } from "./config.ts";
import { readSettingsFile } from "./file.ts";

/**
 * The sections of a tq.toml as it is now. All of the file is checked: nothing of one counts with which no worker could
 * start again.
 *
 * @param by says who named the file: `the start of this worker`
 * @param before those that were read last: a file that has become empty is taken for one that is being written.
 * @throws TqError "invalid" where it cannot be read, with every problem
 */
export function readCronFile(
  path: string,
  by: string,
  before: readonly CronText[],
): readonly CronText[] {
  const content = readSettingsFile("/", { path, by })?.content ?? {};
  if (Object.keys(content).length === 0 && before.length > 0) {
    throw new TqError("invalid", `${path} is empty`);
  }
  return checkFile({ path, content }).cron;
}
