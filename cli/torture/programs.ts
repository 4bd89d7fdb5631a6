/** The programs of a torture, carried by the executable as text: its folder needs no other file. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
// @ts-expect-error: taken as text
import accounts from "./programs/models/accounts.mts" with { type: "text" }; // oxlint-disable-line import/default
// @ts-expect-error: taken as text
import errands from "./programs/models/errands.mts" with { type: "text" }; // oxlint-disable-line import/default
// @ts-expect-error: taken as text
import chance from "./programs/chance.mts" with { type: "text" }; // oxlint-disable-line import/default
// @ts-expect-error: taken as text
import plans from "./programs/plans.mts" with { type: "text" }; // oxlint-disable-line import/default
// @ts-expect-error: taken as text
import producer from "./programs/producer.mts" with { type: "text" }; // oxlint-disable-line import/default
// @ts-expect-error: taken as text
import setup from "./programs/setup.mts" with { type: "text" }; // oxlint-disable-line import/default

import { RECURRING } from "./recurring.ts";

/** No task is to blame for the kills, so none is set aside for its crashes. A short queue is soon empty at the end. */
const SETTINGS = `models = "models"

[queue]
worker = true
max_size = 1000

[worker]
max_crashes = 1000
grace = "1s"
lock_timeout = "400ms"
timeout_grace = "100ms"

[tasks."torture_*"]
attempts = 3
backoff = "20ms"

[log]
level = "warn"
`;

const FILES: Readonly<Record<string, unknown>> = {
  "tq.toml": SETTINGS + RECURRING,
  "models/accounts.mts": accounts,
  "models/errands.mts": errands,
  "chance.mts": chance,
  "plans.mts": plans,
  "producer.mts": producer,
  "setup.mts": setup,
};

/** Fills the folder of a torture. @param url of the database; null: it is a file there */
export function writePrograms(folder: string, url: string | null): void {
  // accounts.mts marks in moods which transfers have misbehaved
  for (const name of ["models", "moods"]) mkdirSync(join(folder, name));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), String(text));
  if (url !== null) {
    const database = `\n[database]\nurl = ${JSON.stringify(url)}\n`;
    appendFileSync(join(folder, "tq.toml"), database);
  }
}
