/** Whom a program follows, whose settings differ from what the database remembers. */
import { expect, test } from "bun:test";
import { follow } from "../../src/store/followed-mode.ts";
import { parseSettings } from "../../src/settings/config.ts";

const HERE = import.meta.path;
const GONE = `${import.meta.path}.gone`;

/** @param origin as in `tq config` */
function settings(worker: boolean, origin: string, file: string | null = null) {
  const config = parseSettings({ queue: { worker } }, "test");
  return { ...config, file, origins: { ...config.origins, "queue.worker": origin } };
}

const WORKERS = { worker: true, origin: HERE };

test.each([
  ["nothing is remembered", settings(false, "default"), null, false],
  ["nobody said otherwise here", settings(false, "default"), WORKERS, true],
  ["another file says otherwise", settings(false, "tq.toml", "/b/tq.toml"), WORKERS, true],
  ["the same file says otherwise now", settings(false, "tq.toml", HERE), WORKERS, false],
  [
    "the file is gone that said it",
    settings(false, "tq.toml", "/b/tq.toml"),
    { worker: true, origin: GONE },
    false,
  ],
  [
    "a default stands against a file that is gone",
    settings(false, "default"),
    { worker: true, origin: GONE },
    true,
  ],
  ["a flag says otherwise", settings(false, "--worker"), WORKERS, false],
  ["the environment says otherwise", settings(false, "TQ_QUEUE__WORKER"), WORKERS, false],
  [
    "programs run their own",
    settings(true, "tq.toml", "/b/tq.toml"),
    { worker: false, origin: HERE },
    false,
  ],
])("where %s", (_, config, remembered, worker) => {
  const found = follow(config, remembered);
  expect(found.worker).toBe(worker);
  expect(found.note !== null).toBe(worker !== config.queue.worker);
});
