/** The sections `[cron.name]` of tq.toml: recurring tasks. */
import { checkCron } from "../cron/definition.ts";
import type { CronText } from "../cron/ledger.ts";
import { quote } from "../quote.ts";

/** Every look of every worker goes through all of them. */
const MOST_SECTIONS = 1_000;

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
  const named = Object.entries(sections as Record<string, unknown>);
  if (named.length > MOST_SECTIONS) {
    refuse(
      `${where}: cron has ${named.length} recurring tasks; it can have ${MOST_SECTIONS} at most: let a task of one push the others`,
    );
    return [];
  }
  return named.flatMap(([name, given]) => {
    const definition = checkCron(name, given, `${where}: ${sectionWords(name)}`, refuse);
    return definition === null ? [] : [{ name, definition }];
  });
}

/** The heading of its section as tq.toml writes it. */
export function sectionWords(name: string): string {
  return `[cron.${/^[\w-]+$/.test(name) ? name : JSON.stringify(name)}]`;
}
