/** The sections `[cron.name]` of tq.toml: recurring tasks. */
import { readCron } from "../cron/definition.ts";
import type { CronText } from "../cron/ledger.ts";

/**
 * @param where begins the sentence of an error.
 * @param refuse called with each problem.
 */
export function readCronSections(
  sections: object,
  where: string,
  refuse: (problem: string) => void,
): CronText[] {
  return Object.entries(sections as Record<string, unknown>).flatMap(([name, given]) => {
    try {
      const { text } = readCron(name, given, `${where}: [cron.${name}]`);
      return [{ name, definition: text }];
    } catch (error) {
      refuse(error instanceof Error ? error.message : String(error));
      return [];
    }
  });
}
