/** The programs of a torture, carried by the executable as text: its folder needs no other file. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
// @ts-expect-error: taken as text
import models from "./programs/models.mts" with { type: "text" }; // oxlint-disable-line import/default
// @ts-expect-error: taken as text
import producer from "./programs/producer.mts" with { type: "text" }; // oxlint-disable-line import/default
// @ts-expect-error: taken as text
import setup from "./programs/setup.mts" with { type: "text" }; // oxlint-disable-line import/default

/** No task is to blame for the kills, so none is set aside for its crashes. A short queue is soon empty at the end. */
const SETTINGS = `models = "models.mts"

[queue]
worker = true
max_size = 1000

[worker]
max_crashes = 1000
grace = "10s"
lock_timeout = "400ms"

[log]
level = "warn"
`;

const FILES: Readonly<Record<string, unknown>> = {
  "tq.toml": SETTINGS,
  "models.mts": models,
  "producer.mts": producer,
  "setup.mts": setup,
};

/** Fills the folder of a torture. */
export function writePrograms(folder: string): void {
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), String(text));
  mkdirSync(join(folder, "moods")); // models.mts marks there which transfers have misbehaved
}
