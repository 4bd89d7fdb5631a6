import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
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
