/** The sections `[cron.name]` of tq.toml: recurring tasks. */
import { checkCron } from "../cron/definition.ts";
import type { CronText } from "../cron/ledger.ts";
import { TqError } from "../errors.ts";
import { quote } from "../quote.ts";
import { readSettingsFile } from "./file.ts";

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

/**
 * The sections of a tq.toml as it is now.
 *
 * @param by says who named the file: `the start of this worker`
 * @param before those that were read last: a file that has become empty is taken for one that is being written.
 * @throws TqError "invalid" where it cannot be read, with every problem
 */
export function readCronFile(path: string, by: string, before: readonly CronText[]): CronText[] {
  const found = readSettingsFile("/", { path, by });
  const content = (found?.content ?? {}) as { readonly cron?: unknown };
  if (Object.keys(content).length === 0 && before.length > 0) {
    throw new TqError("invalid", `${path} is empty`);
  }
  const problems: string[] = [];
  const texts = readCronSections(content.cron, path, (problem) => problems.push(problem));
  if (problems.length > 0) throw new TqError("invalid", problems.join("\n  "));
  return texts;
}

/** The heading of its section as tq.toml writes it. */
export function sectionWords(name: string): string {
  return `[cron.${/^[\w-]+$/.test(name) ? name : JSON.stringify(name)}]`;
}
