/** A worker's recurring tasks from a tq.toml in a folder of the test, for tests that look at them by hand. */
import { afterEach, beforeEach } from "bun:test";
import type { CronRow } from "../../src/cron/ledger.ts";
import { loadConfig } from "../../src/settings/config.ts";
import type { Store } from "../../src/store/store.ts";
import { CronSources } from "../../src/worker/cron-sources.ts";
import type { CronModels } from "../../src/worker/messages.ts";
import { type Folder, makeFolder } from "../support/folder.ts";
import { TestClock } from "../support/clock.ts";
import { TestedDatabase } from "../support/tested-store.ts";

export const NIGHTLY = `[cron.nightly]\nschedule = "@daily"\ntask = "night.run"\n`;
export const HOURLY = `[cron.hourly]\nschedule = "@hourly"\ntask = "night.run"\n`;

/** Stores whose clock the test moves. */
class Subject extends TestedDatabase {
  readonly clock = new TestClock();

  override open(): Store {
    return super.open({ clock: this.clock, durability: "normal" });
  }
}

export let subject: Subject;
export let store: Store;
export let folder: Folder;
/** The path of tq.toml. */
export let file: string;
/** The notes in the log. */
export let said: string[];
/** The monotonic clock of the workers: ms. */
let monotonic: number;

/** Gives each test of this file a store and a folder of its own. */
export function renewSources(): void {
  beforeEach(() => {
    subject = new Subject();
    store = subject.open();
    folder = makeFolder();
    file = folder.file("tq.toml");
    said = [];
    monotonic = 0;
  });

  afterEach(async () => {
    folder[Symbol.dispose]();
    await subject[Symbol.asyncDispose]();
  });
}

export function modelsOf(
  definition: object | null,
  methods = ["run"],
  onRecords: readonly string[] = [],
): CronModels {
  const definitions =
    definition === null ? [] : [{ name: "nightly", definition: JSON.stringify(definition) }];
  return {
    catalog: { night: methods },
    crons: [{ path: "/shop/models.ts", definitions, onRecords }],
  };
}

/** A worker that has started with the file as it is. */
export async function worker({
  id = "w1",
  at = file,
  models = modelsOf(null),
  zone = "UTC",
} = {}): Promise<CronSources> {
  await store.register({ id, pid: 1, threads: 1, queues: [] });
  const config = loadConfig({ cwd: folder.path, env: {}, file: at });
  const sources = new CronSources({
    id,
    config,
    store,
    monotonic: () => monotonic,
    zone,
    report: (event) => event.name === "log.note" && said.push(event.message),
  });
  sources.load(models);
  await looks(sources);
  return sources;
}

/** As many looks, a second apart, as it takes to believe in a change. */
export async function looks(sources: CronSources): Promise<void> {
  for (let look = 0; look < 4; look++, wait(1_000)) await sources.look();
}

/** Lets time pass on the monotonic clock. */
export function wait(ms: number): void {
  monotonic += ms;
}

export async function row(name = "nightly"): Promise<CronRow | undefined> {
  return (await store.cron.rows()).find((one) => one.name === name);
}
