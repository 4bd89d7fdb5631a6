/** The sections `[cron.name]` of tq.toml: recurring tasks. */
import { checkCron } from "../cron/definition.ts";
import type { CronText } from "../cron/ledger.ts";
import { quote } from "../quote.ts";

/**
 * A section may leave out keys that a model says. Which ones are missing is known once the models are.
 *
 * @param sections what tq.toml has as `cron`; undefined: nothing
 * @param where begins the sentence of an error.
 * @param refuse called with each problem.
 */
export function readCronSections(
  sections: unknown,
  where: string,
  refuse: (problem: string) => void,
): CronText[] {
  if (sections === undefined) return [];
  if (typeof sections !== "object" || sections === null || Array.isArray(sections)) {
    const shown = quote(sections);
    refuse(`${where}: cron cannot be ${shown}; give each recurring task a section [cron.name]`);
    return [];
  }
  return Object.entries(sections as Record<string, unknown>).flatMap(([name, given]) => {
    const definition = checkCron(name, given, `${where}: ${sectionWords(name)}`, refuse);
    return definition === null ? [] : [{ name, definition }];
  });
}

/** The heading of its section as tq.toml writes it. */
export function sectionWords(name: string): string {
  return `[cron.${/^[\w-]+$/.test(name) ? name : JSON.stringify(name)}]`;
}
