import {
  appendFileSync,
  type FSWatcher,
  mkdtempSync,
  renameSync,
  rmSync,
  type watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Store } from "../../src/store/store.ts";
import { Wake } from "../../src/worker/wake.ts";

/** A database whose commits become visible when the test says so; its WAL is a plain file. */
class FakeDatabase {
  readonly folder = mkdtempSync(join(tmpdir(), "tq-wake-"));
  readonly path = join(this.folder, "tq.db");
  readonly wal = `${this.path}-wal`;
  commits = 0;
  readings = 0;

  get store(): Store {
    return {
      path: this.path,
      version: async () => {
        this.readings += 1;
        return this.commits;
      },
    } as unknown as Store;
  }

  write(): void {
    appendFileSync(this.wal, "x");
  }
}

let database: FakeDatabase;
let wake: Wake;
let looks: number;

beforeEach(() => {
  database = new FakeDatabase();
  writeFileSync(database.wal, "");
  looks = 0;
  wake = new Wake(database.store, () => (looks += 1));
});

afterEach(() => {
  wake.disarm();
  rmSync(database.folder, { recursive: true });
});

async function until(what: () => boolean): Promise<void> {
  const end = performance.now() + 4000;
  while (!what()) {
    if (performance.now() > end) throw new Error("It did not happen in time");
    await Bun.sleep(1);
  }
}

/** Armed, and what came with that is over. */
async function armed(): Promise<void> {
  wake.arm();
  await until(() => looks === 1);
  looks = 0;
}

describe("a commit", () => {
  test("is noticed at once", async () => {
    await armed();
    database.commits += 1;
    database.write();
    const written = performance.now();
    await until(() => looks === 1);
    expect(performance.now() - written).toBeLessThan(100);
  });

  test("is noticed when it becomes visible only long after its write", async () => {
    await armed();
    const { readings } = database;
    database.write();
    await until(() => database.readings > readings + 6);
    expect(looks).toBe(0);
    database.commits += 1;
    await until(() => looks === 1);
  });

  test("written before the watch begins, and visible only after, is noticed", async () => {
    await armed();
    wake.disarm();
    database.write();
    wake.arm();
    database.commits += 1;
    await until(() => looks === 1);
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
    await until(() => looks >= 1);
  });

  test("is noticed where there is no WAL yet", async () => {
    rmSync(database.wal);
    await armed();
    database.commits += 1;
    await until(() => looks === 1);
  });
});

/** Looks after an event, for a test that is short. */
const FEW = 4;

/** ms between two looks where no event can be waited for, and some. */
const BLIND = 25 + 75;

describe("where the file system", () => {
  /** Says that the file was written; nothing else does. */
  let event: () => void;

  function watched(begin: (path: string, heard: () => void) => void): void {
    const fake = (path: string, _options: object, heard: () => void) => {
      begin(path, heard);
      return { close() {}, on() {} } as unknown as FSWatcher;
    };
    const watchFile = fake as unknown as typeof watch;
    wake = new Wake(database.store, () => (looks += 1), { watchFile, looks: FEW });
  }

  async function noticed(): Promise<number> {
    const before = looks;
    database.commits += 1;
    const committed = performance.now();
    await until(() => looks > before);
    return performance.now() - committed;
  }

  test("takes no watch, a commit is noticed soon", async () => {
    watched(() => {
      throw new Error("ENOSPC: no watch is left");
    });
    await armed();
    for (let commit = 0; commit < 10; commit++) expect(await noticed()).toBeLessThan(BLIND);
  });

  describe("sends no events", () => {
    beforeEach(async () => {
      watched((_path, heard) => (event = () => heard()));
      await armed();
      const began = performance.now();
      await quiet();
      await until(() => performance.now() - began > 300);
      database.commits += 1;
      wake.check(); // as the worker does now and then
      await until(() => looks === 1);
    });

    test("a commit is noticed soon, once one has been found without", async () => {
      for (let commit = 0; commit < 10; commit++) expect(await noticed()).toBeLessThan(BLIND);
    });

    test("it is so for the next watch too", async () => {
      wake.disarm();
      wake.arm();
      const { readings } = database;
      await until(() => database.readings > readings + FEW);
      expect(await noticed()).toBeLessThan(BLIND);
    });

    test("it waits for events again when one has come after all", async () => {
      event();
      await quiet();
    });
  });
});

test("a commit whose flush takes very long is found when it is looked for", async () => {
  wake = new Wake(database.store, () => (looks += 1), { looks: FEW });
  await armed();
  database.write();
  await quiet();
  database.commits += 1;
  wake.check();
  await until(() => looks === 1);
  await quiet();
});

/** Waits until it looks no more. */
async function quiet(): Promise<void> {
  let { readings } = database;
  let since = performance.now();
  await until(() => {
    if (database.readings === readings) return performance.now() - since > BLIND;
    ({ readings } = database);
    since = performance.now();
    return false;
  });
}

describe("the hint that a commit is about to be seen", () => {
  let now: number;
  let hints: number;
  let event: () => void;
  beforeEach(() => {
    now = 1_000;
    hints = 0;
    const fake = (_path: string, _options: object, heard: () => void) => {
      event = heard;
      return { close() {}, on() {} } as unknown as FSWatcher;
    };
    wake = new Wake(database.store, () => (looks += 1), {
      hint: () => void (hints += 1),
      now: () => now,
      watchFile: fake as unknown as typeof watch,
    });
  });

  test("comes with the write, before the commit", async () => {
    await armed();
    event();
    expect({ hints, looks }).toEqual({ hints: 1, looks: 0 });
    database.commits += 1;
    await until(() => looks === 1);
    expect(hints).toBe(1);
  });

  test("comes once for writes that follow each other", async () => {
    await armed();
    for (let write = 1; write <= 5; write++) {
      event();
      now += 20;
    }
    expect(hints).toBe(1);
    now += 1;
    event();
    expect(hints).toBe(2);
  });
});

test("once disarmed it looks no more", async () => {
  await armed();
  let others = 0;
  const other = new Wake(database.store, () => (others += 1));
  other.arm();
  await until(() => others === 1);
  wake.disarm();
  database.commits += 1;
  database.write();
  await until(() => others === 2);
  expect(looks).toBe(0);
  other.disarm();
});
