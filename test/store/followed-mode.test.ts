/** Whom a program follows, whose settings differ from what the database remembers. */
import { join } from "node:path";
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

type Asked = Parameters<typeof follow>[0];

/** A database with so many live workers. */
function database({ live = 0, isServer = false }): Asked {
  const workers = Array.from({ length: live }, (_, nth) => ({ id: `w${nth}`, threads: 1 }));
  const store = { traits: { isServer }, workers: async () => workers, isAlive: async () => true };
  return store as unknown as Asked;
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
])("where %s", async (_, config, remembered, worker) => {
  const found = await follow(database({}), config, remembered);
  expect(found.worker).toBe(worker);
  expect(found.note !== null).toBe(worker !== config.queue.worker);
});

const OTHER = settings(false, "tq.toml", "/b/tq.toml");

test.each([
  ["a worker lives", { live: 1 }, GONE],
  ["the database is on a server, whose other hosts have other files", { isServer: true }, GONE],
  ["its folder is not there, as in another container", {}, join(GONE, "tq.toml")],
])("a file that is not there changes nothing where %s", async (_, asked, origin) => {
  const found = await follow(database(asked), OTHER, { worker: true, origin });
  expect(found.worker).toBe(true);
  expect(found.note).toContain("this program follows the database");
});
