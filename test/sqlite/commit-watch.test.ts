import {
  appendFileSync,
  type FSWatcher,
  mkdtempSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { CommitWatch } from "../../src/sqlite/commit-watch.ts";
import { untilTrue } from "../support/until.ts";

/** A database whose commits become visible when the test says so; its WAL is a plain file. */
class FakeDatabase {
  readonly folder = mkdtempSync(join(tmpdir(), "tq-wake-"));
  readonly name = join(this.folder, "tq.db");
  readonly wal = `${this.name}-wal`;
  commits = 0;
  readings = 0;

  async version(): Promise<number> {
    this.readings += 1;
    return this.commits;
  }

  write(): void {
    appendFileSync(this.wal, "x");
  }
}

let database: FakeDatabase;
let wake: CommitWatch;
let looks: number;

beforeEach(() => {
  database = new FakeDatabase();
  writeFileSync(database.wal, "");
  looks = 0;
  wake = new CommitWatch(database, { look: () => (looks += 1), hint() {} });
});

afterEach(() => {
  jest.useRealTimers();
  wake.disarm();
  rmSync(database.folder, { recursive: true });
});

/** Armed, and what came with that is over. */
async function armed(): Promise<void> {
  wake.arm();
  await untilTrue(() => looks === 1);
  looks = 0;
}

describe("a commit", () => {
  test("is noticed by the event of its write also after the clock was set back", async () => {
    let back = 0;
    const watchers: FSWatcher[] = [];
    const watchFile = ((...given: Parameters<typeof watch>) => {
      const watcher = watch(...given);
      watchers.push(watcher);
      return watcher;
    }) as typeof watch;
    const wall = () => Date.now() - back;
    wake = new CommitWatch(database, { look: () => (looks += 1), hint() {} }, { watchFile, wall });
    await armed();
    wake.check();
    expect(watchers).toHaveLength(1);
    back = 3_600_000;
    wake.check();
    wake.check();
    expect(watchers).toHaveLength(2);
  });

  test("is noticed by the event of its write", async () => {
    await armed();
    database.commits += 1;
    database.write();
    await untilTrue(() => looks === 1);
  });

  test("is noticed when it becomes visible only long after its write", async () => {
    await armed();
    const { readings } = database;
    database.write();
    await untilTrue(() => database.readings > readings + 6);
    expect(looks).toBe(0);
    database.commits += 1;
    await untilTrue(() => looks === 1);
  });

  test("written before the watch begins, and visible only after, is noticed", async () => {
    await armed();
    wake.disarm();
    database.write();
    wake.arm();
    database.commits += 1;
    await untilTrue(() => looks === 1);
  });

  test("is noticed although the WAL was removed and made anew", async () => {
    await armed();
    const fresh = join(database.folder, "fresh");
    writeFileSync(fresh, "");
    rmSync(database.wal);
    renameSync(fresh, database.wal);
    wake.check(); // what the worker does twice a second
    database.commits += 1;
    database.write();
    await untilTrue(() => looks >= 1);
  });

  test("is noticed where there is no WAL yet", async () => {
    rmSync(database.wal);
    await armed();
    database.commits += 1;
    await untilTrue(() => looks === 1);
  });
});

/** The test says how time passes, and what the file system does. */
describe("where the file system", () => {
  /** Looks after an event, for a test that is short. */
  const FEW = 4;

  /** ms between two looks where no event can be waited for. */
  const BLIND = 25;

  /** ms within which all looks after an event have been taken. */
  const LOOKED = 50;

  /** Says that the file was written; nothing else does. */
  let event: () => void;
  let hints: number;

  async function watched(begin: () => void = () => {}): Promise<void> {
    jest.useFakeTimers();
    hints = 0;
    const fake = (_path: string, _options: object, heard: () => void) => {
      begin();
      event = heard;
      return { close() {}, on() {} } as unknown as FSWatcher;
    };
    wake = new CommitWatch(
      database,
      { look: () => (looks += 1), hint: () => (hints += 1) },
      { watchFile: fake as unknown as typeof watch, looks: FEW },
    );
    wake.arm();
    await pass(LOOKED);
    looks = 0;
  }

  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed++) {
      jest.advanceTimersByTime(1);
      // The version is read with promises.
      for (let microtask = 0; microtask < 10; microtask++) await Promise.resolve();
    }
  }

  /** How many looks there are within so many ms of a commit: one that finds it. */
  async function seen(within: number): Promise<number> {
    looks = 0;
    database.commits += 1;
    await pass(within);
    return looks;
  }

  async function readingsIn(ms: number): Promise<number> {
    const before = database.readings;
    await pass(ms);
    return database.readings - before;
  }

  test("takes no watch, a commit is noticed within 25 ms", async () => {
    await watched(() => {
      throw new Error("ENOSPC: no watch is left");
    });
    for (let commit = 0; commit < 10; commit++) expect(await seen(BLIND)).toBe(1);
  });

  test("sends an event, it looks a few times and then no more", async () => {
    await watched();
    expect(await readingsIn(1_000)).toBe(0);
    const { readings } = database;
    event();
    await pass(LOOKED);
    expect(database.readings - readings).toBe(FEW);
    expect(await readingsIn(1_000)).toBe(0);
  });

  test("sends the event long before the commit, that one is found when it is looked for", async () => {
    await watched();
    event();
    await pass(1_000);
    expect(await seen(1_000)).toBe(0);
    wake.check(); // as the worker does now and then
    await pass(LOOKED);
    expect(looks).toBe(1);
    expect(await readingsIn(1_000)).toBe(0);
  });

  describe("sends no events", () => {
    beforeEach(async () => {
      await watched();
      await pass(300);
      expect(await seen(1_000)).toBe(0);
      wake.check();
      await pass(1);
      expect(looks).toBe(1);
    });

    test("a commit is noticed within 25 ms, once one has been found without", async () => {
      for (let commit = 0; commit < 10; commit++) expect(await seen(BLIND)).toBe(1);
    });

    test("it is so for the next watch too", async () => {
      wake.disarm();
      wake.arm();
      await pass(LOOKED);
      for (let commit = 0; commit < 10; commit++) expect(await seen(BLIND)).toBe(1);
    });

    test("it waits for events again when one has come after all", async () => {
      event();
      await pass(LOOKED);
      expect(await readingsIn(1_000)).toBe(0);
    });
  });

  describe("sends an event, a hint", () => {
    test("comes with the write, before the commit can be seen", async () => {
      await watched();
      event();
      expect({ hints, looks }).toEqual({ hints: 1, looks: 0 });
      expect(await seen(LOOKED)).toBe(1);
      expect(hints).toBe(1);
    });

    test("comes once for writes that follow each other", async () => {
      await watched();
      for (let write = 1; write <= 5; write++) {
        event();
        await pass(20);
      }
      expect(hints).toBe(1);
      await pass(1);
      event();
      expect(hints).toBe(2);
    });
  });
});

test("once disarmed it looks no more", async () => {
  await armed();
  let others = 0;
  const other = new CommitWatch(database, { look: () => (others += 1), hint() {} });
  other.arm();
  await untilTrue(() => others === 1);
  wake.disarm();
  database.commits += 1;
  database.write();
  await untilTrue(() => others === 2);
  expect(looks).toBe(0);
  other.disarm();
});
