/** Looks at the files of models, and what a worker makes of them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TqError } from "../../src/errors.ts";
import type { Event } from "../../src/log/events.ts";
import type { ModelVersion } from "../../src/catalog.ts";
import { ModelsKeeper } from "../../src/worker/models-keeper.ts";
import { ModelsWatch } from "../../src/worker/models-watch.ts";

let folder = "";
let now = 0;
const models = () => join(folder, "models.ts");
let written = 0;

/** Two writes may have one time in a file system. */
function write(text: string): void {
  writeFileSync(models(), text);
  utimesSync(models(), (written += 1), written);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tq-watch-"));
  now = 0;
  write("1");
});
afterEach(() => rmSync(folder, { recursive: true }));

function versionNow(): ModelVersion {
  const hash = Bun.hash(readFileSync(models())).toString(36);
  return { entries: [models()], files: { [models()]: hash } };
}

function watched(paths = [models()]): ModelsWatch {
  const watch = new ModelsWatch(paths, () => now);
  watch.take(versionNow());
  expect(lookAfter(watch, 0)).toBeNull();
  expect(lookAfter(watch, 1_000)).toBeNull();
  return watch;
}

function lookAfter(watch: { look(): string | null }, ms: number): string | null {
  now += ms;
  return watch.look();
}

describe("a watch of models", () => {
  test("tells of a change once, when nobody has written for a while", () => {
    const watch = watched();
    write("22");
    expect(lookAfter(watch, 0)).toBeNull();
    write("333");
    expect(lookAfter(watch, 150)).toBeNull();
    expect(lookAfter(watch, 150)).toBeNull();
    expect(lookAfter(watch, 50)).toBe(`${models()} has changed`);
    expect(lookAfter(watch, 5_000)).toBeNull();
  });

  test("tells of a file that is written all the time", () => {
    const watch = watched();
    const told: (string | null)[] = [];
    for (let at = 0; at <= 2_000; at += 100) {
      write(`${at}`);
      told.push(lookAfter(watch, 100));
    }
    expect(told.filter((words) => words !== null)).toEqual([`${models()} has changed`]);
  });

  test("does not tell of a file that has its text again", () => {
    const watch = watched();
    write("22");
    expect(lookAfter(watch, 0)).toBeNull();
    write("1");
    expect(lookAfter(watch, 0)).toBeNull();
    expect(lookAfter(watch, 300)).toBeNull();
  });

  test("tells of a file that is gone", () => {
    const watch = watched();
    rmSync(models());
    expect(lookAfter(watch, 0)).toBeNull();
    expect(lookAfter(watch, 300)).toBe(`${models()} is gone`);
  });

  test("tells of a file that comes to a folder below that of the models", () => {
    mkdirSync(join(folder, "sub"));
    symlinkSync("..", join(folder, "sub/up"));
    const watch = watched([folder]);
    const file = join(folder, "sub/b.ts");
    writeFileSync(file, "1");
    expect(lookAfter(watch, 0)).toBeNull();
    expect(lookAfter(watch, 300)).toBe(`${file} is new`);
  });
});

describe("a worker", () => {
  let events: Event[] = [];
  let renewals = 0;
  let asked = 0;
  let isLoading = false;
  let canRun = true;

  function keeper(watch: boolean): ModelsKeeper {
    events = [];
    renewals = 0;
    asked = 0;
    isLoading = false;
    canRun = true;
    const kept = new ModelsKeeper({
      models: [models()],
      watch,
      report: (event) => events.push(event),
      renew: (isAsked) => {
        renewals += 1;
        if (isAsked) asked += 1;
      },
      endWait: async () => {},
      isLoading: () => isLoading,
      canRun: () => canRun,
      monotonic: () => now,
    });
    kept.accepted(versionNow());
    return kept;
  }

  const names = () => events.map(({ name }) => name);

  test("that does not watch its models looks now and then, and only says that they have changed", () => {
    const kept = keeper(false);
    write("22");
    for (let seconds = 0; seconds < 10; seconds++) {
      now += 1_000;
      kept.check();
    }
    expect(events).toEqual([{ name: "models.changed", reason: `${models()} has changed` }]);
    expect(renewals).toBe(0);
  });

  test("of which no thread has models says nothing of changed ones: they are tried every second", () => {
    const kept = keeper(false);
    canRun = false;
    write("22");
    lookFor(kept, 10_000);
    expect([events, renewals]).toEqual([[], 0]);
  });

  function lookFor(kept: ModelsKeeper, ms: number): void {
    for (let passed = 0; passed < ms; passed += 200) {
      now += 200;
      kept.look();
    }
  }

  test("that watches them has them loaded, and tries refused ones again, less and less often", () => {
    const kept = keeper(true);
    kept.check(); // it has a timer of its own
    write("22");
    lookFor(kept, 1_000);
    expect(names()).toEqual(["models.loading"]);
    const error = new TqError("models", "no file");
    kept.refused(error);
    lookFor(kept, 1_800);
    expect(renewals).toBe(1);
    lookFor(kept, 400);
    expect(renewals).toBe(2);
    kept.refused(error);
    lookFor(kept, 3_800);
    expect(renewals).toBe(2);
    lookFor(kept, 400);
    expect(renewals).toBe(3);
    expect(names()).toEqual(["models.loading", "models.refused"]);
    kept.accepted(versionNow());
    kept.renewed();
    lookFor(kept, 60_000);
    expect([renewals, asked]).toEqual([3, 0]);
    expect(names()).toEqual(["models.loading", "models.refused", "models.loaded"]);
  });

  test.each([true, false])(
    "whose load of them does not end begins anew where they are as before, or change again: it watches %p",
    (watch) => {
      const kept = keeper(watch);
      write("for (;;);");
      kept.reload("SIGHUP", true);
      isLoading = true;
      lookFor(kept, 1_000);
      expect(renewals).toBe(1);
      write("1");
      lookFor(kept, 1_000);
      expect(renewals).toBe(2);
      write("22");
      lookFor(kept, 1_000);
      expect(events).toEqual([
        { name: "models.loading", reason: "SIGHUP" },
        { name: "models.loading", reason: "they are as they were before" },
        { name: "models.loading", reason: `${models()} has changed` },
      ]);
    },
  );

  test("that is asked to load them does so, and says a refusal once", () => {
    const kept = keeper(false);
    kept.reload("SIGHUP", true);
    kept.refused(new TqError("models", "no file"));
    lookFor(kept, 60_000);
    expect([renewals, asked]).toEqual([1, 1]);
    expect(events).toEqual([
      { name: "models.loading", reason: "SIGHUP" },
      { name: "models.refused", message: "no file" },
    ]);
  });
});
