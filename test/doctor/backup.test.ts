/** The doctor finds backups that are late, or failed. */
import { describe, expect, test } from "bun:test";
import { BACKUP } from "../../src/cron/own.ts";
import { backup } from "../../src/doctor/checks/backup.ts";
import { Examination } from "../../src/doctor/examination.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { makeStore, type TestStore } from "../support/store.ts";

const HOUR = 3_600_000;
const MADE = { path: "/mnt/tq.db", size: 7 };

/** A database that a worker has told of nightly backups, at three o'clock in the afternoon. */
async function nightly(schedule = "30 3 * * *"): Promise<TestStore> {
  const subject = makeStore();
  const { store, clock } = subject;
  clock.advance(15 * HOUR - (clock.now() % (24 * HOUR)));
  const definition = JSON.stringify({ schedule, task: BACKUP, time_zone: "UTC" });
  await store.cron.define({
    origin: "/srv/tq.toml",
    kind: "settings",
    definitions: [{ name: BACKUP, definition }],
  });
  return subject;
}

function look({ store }: TestStore, settings = {}): Examination {
  return new Examination({ store, config: parseSettings(settings, "test"), mode: "worker" });
}

async function found(subject: TestStore) {
  return backup.find(look(subject), "doctor");
}

describe("backups that are asked for", () => {
  test("are late once two of their times have passed since the last good one", async () => {
    await using subject = await nightly();
    const { store, clock } = subject;
    await store.condition.rememberBackup(MADE);
    clock.advance(37 * HOUR); // the second night, while it may still be made
    expect(await found(subject)).toEqual([]);
    clock.advance(HOUR);
    expect(await found(subject)).toEqual([
      {
        message:
          "The last good backup was made 1 d 14 h ago (/mnt/tq.db), and 2 times of tq.backup have passed",
        advice:
          "tq cron history tq.backup says what became of them; tq cron run tq.backup has a worker make one now",
      },
    ]);
    await store.condition.rememberBackup(MADE);
    expect(await found(subject)).toEqual([]);
  });

  test("are not late over a weekend in which none is asked for", async () => {
    await using subject = await nightly("30 3 * * 1-5");
    const { store, clock } = subject;
    while (new Date(clock.now()).getUTCDay() !== 5) clock.advance(24 * HOUR);
    await store.condition.rememberBackup(MADE); // on Friday
    clock.advance(3 * 24 * HOUR);
    expect(await found(subject)).toEqual([]);
    clock.advance(24 * HOUR);
    expect(await found(subject)).toHaveLength(1);
  });

  test("of which none was made are late once two of their times are decided", async () => {
    await using subject = await nightly();
    const { store, clock } = subject;
    for (const count of [0, 0, 1]) {
      expect(await found(subject)).toHaveLength(count);
      clock.advance(24 * HOUR);
      const slot = { slot: clock.now(), outcome: "missed", reason: "x", task: null } as const;
      await store.cron.decide(BACKUP, (_, now) => ({ slots: [slot], decidedUntil: now }));
    }
  });

  test("are not late where they are not asked for any more", async () => {
    await using subject = await nightly();
    await subject.store.condition.rememberBackup(MADE);
    await subject.store.cron.define({ origin: "/srv/tq.toml", kind: "settings", definitions: [] });
    subject.clock.advance(90 * 24 * HOUR);
    expect(await found(subject)).toEqual([]);
  });
});

test("a backup that failed is found, with what to do, until a good one is made", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  await store.condition.rememberBackup({ reason: "Cannot write x: no room; free some space" });
  clock.advance(HOUR);
  expect(await found(subject)).toEqual([
    {
      message: "The last backup, 1 h ago, failed: Cannot write x: no room",
      advice: "free some space",
    },
  ]);
  await store.condition.rememberBackup(MADE);
  expect(await found(subject)).toEqual([]);
  expect(await backup.fact?.(look(subject))).toBe("under 1 s ago: /mnt/tq.db");
});

test("a database that was never backed up gets a hint, unless the settings ask for backups", async () => {
  await using subject = makeStore();
  expect(await found(subject)).toEqual([]);
  expect(await backup.hint?.(look(subject))).toStartWith("none was ever made: tq backup FILE");
  expect(await backup.hint?.(look(subject, { backup: { folder: "/mnt" } }))).toBe("");
  await subject.store.condition.rememberBackup(MADE);
  expect(await backup.hint?.(look(subject))).toBe("");
});
