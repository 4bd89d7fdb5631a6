/** `tq cron explain`: a schedule in words, its next times, and what changes of the clock do to it. */
import { definitionOf } from "../../src/cron/in-force.ts";
import { readSchedule, type Schedule } from "../../src/cron/schedule.ts";
import { TqError } from "../../src/errors.ts";
import { isTqError } from "../../src/errors.ts";
import { databaseExists } from "../../src/open-store.ts";
import { quote } from "../../src/quote.ts";
import { explainSchedule, NEXT_TIMES } from "../../src/tasks/cron/explanation.ts";
import { knownRow, NO_FILES } from "../../src/tasks/cron/known.ts";
import { zoneNamed } from "../../src/values/time-zone.ts";
import { command } from "../command/command.ts";
import { type Program, toLook } from "../command/program.ts";
import { readWhole } from "../command/values.ts";
import { explanationText } from "../terminal/explanation.ts";
import { readFiles } from "./known.ts";
import { recurringOf } from "./on-box.ts";

const MOST_TIMES = 1_000;

export const explain = command({
  name: "cron explain",
  description:
    "Say a schedule in words, its next times, and what daylight saving does to them in the next year",
  many: true,
  flags: {
    schedule: {
      type: "positional",
      valueHint: "RECURRING",
      description: `The name of a recurring task, or a schedule in quotes: "30 2 * * *", "every 15m"`,
    },
    "time-zone": {
      type: "string",
      valueHint: "ZONE",
      description: "The zone whose clock counts (default: that of this machine)",
    },
    count: {
      type: "string",
      valueHint: "N",
      description: `How many of its next times (default: ${NEXT_TIMES})`,
    },
  },
  run: async ({ _: words, count, "time-zone": zone }, program) => {
    const most = count === undefined ? NEXT_TIMES : readWhole(count, "--count", 1, MOST_TIMES);
    const given = zone === undefined ? null : readZone(zone);
    const found = await findSchedule(words, given, program);
    const answer = await explainSchedule(found.schedule, found.zone, Date.now(), most);
    program.answer({ name: found.name, ...answer }, () =>
      explanationText({ name: found.name, ...answer }, program.terminal),
    );
  },
});

interface Found {
  readonly name: string | null;
  readonly schedule: Schedule;
  readonly zone: string | null;
}

async function findSchedule(
  words: readonly string[],
  zone: string | null,
  program: Program,
): Promise<Found> {
  const text = words.join(" ").trim();
  if (/[\s@*]/.test(text)) return { name: null, schedule: readWords(words, text, zone), zone };
  const config = program.anyConfig();
  if (config.remote !== undefined) {
    const { name, schedule, clock } = await (await recurringOf(config.remote)).get(text);
    return {
      name,
      schedule: readSchedule(schedule, zone ?? clock, "SCHEDULE"),
      zone: zone ?? clock,
    };
  }
  const rows = databaseExists(config) ? await toLook(config, (store) => store.cron.rows()) : [];
  const isKnown = rows.some((one) => one.name === text);
  const files = isKnown ? NO_FILES : await readFiles(config, program);
  const row = knownRow(files, rows, text);
  const { schedule, timeZone } = definitionOf({ ...row, former: [] });
  if (zone === null) return { name: text, schedule, zone: timeZone ?? row.zone };
  return { name: text, schedule: readSchedule(schedule.text, zone, "SCHEDULE"), zone };
}

function readWords(words: readonly string[], text: string, zone: string | null): Schedule {
  try {
    return readSchedule(text, zone, "SCHEDULE");
  } catch (error) {
    if (words.length === 1 || !isTqError(error)) throw error;
    const hint = "put it into quotes, as a shell takes * for the names of files";
    throw new TqError("invalid", `${error.message}; ${hint}`, { cause: error });
  }
}

function readZone(name: string): string {
  const zone = zoneNamed(name);
  if (zone !== null && zone !== "") return zone;
  throw new TqError(
    "invalid",
    `--time-zone cannot be ${quote(name)}: it must be the name of a time zone like "Europe/Berlin"`,
  );
}
