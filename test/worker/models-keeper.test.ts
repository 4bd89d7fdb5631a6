/** A worker, changed models, and loads that do not end. */
import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as clocks from "../../src/clock.ts";
import { TqError } from "../../src/errors.ts";
import type { Event } from "../../src/log/events.ts";
import type { ModelVersion } from "../../src/catalog.ts";
import { ModelsKeeper } from "../../src/worker/models-keeper.ts";
import { folder, models, useModelsFolder, versionNow, write } from "./models-folder.ts";

let now = 0;

useModelsFolder();
beforeEach(() => {
  now = 0;
});

describe("a worker", () => {
  let events: Event[] = [];
  let renewals = 0;
  let asked = 0;
  let isLoading = false;
  let canRun = true;

  function keeper(watch: boolean, version: ModelVersion | null = versionNow()): ModelsKeeper {
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
    if (version !== null) kept.accepted(version);
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

  describe.each([true, false])("that loads its first models, and watches: %p,", (watch) => {
    const isNew = (file: string) => [
      { name: "models.loading", reason: `${file} has changed` } satisfies Event,
    ];

    let wall = { mockRestore: () => {} };
    afterEach(() => wall.mockRestore());

    /** The load of these models does not end. @param later after all that was written, in ms */
    function begun(text: string, later = 1_000): ModelsKeeper {
      write(text);
      wall = spyOn(clocks, "wallNow").mockReturnValue(Date.now() + later);
      const kept = keeper(watch, null);
      canRun = false;
      kept.loads();
      isLoading = true;
      return kept;
    }

    function starting(text: string): ModelsKeeper {
      const kept = begun(text);
      lookFor(kept, 1_000);
      expect([events, renewals]).toEqual([[], 0]);
      return kept;
    }

    test("begins anew once the file is another", () => {
      const kept = starting("for (;;);");
      write("1");
      lookFor(kept, 1_000);
      expect([events, renewals]).toEqual([isNew(models()), 1]);
      write("22");
      lookFor(kept, 1_000);
      expect([events, renewals]).toEqual([[...isNew(models()), ...isNew(models())], 2]);
    });

    test("begins anew once an imported file is another", () => {
      const file = join(folder, "hangs.ts");
      writeFileSync(file, "await new Promise(() => {});");
      const kept = starting(`import "./hangs";`);
      writeFileSync(file, "");
      lookFor(kept, 1_000);
      expect([events, renewals]).toEqual([isNew(file), 1]);
    });

    test("begins anew where a file was written before its first look", () => {
      const kept = begun("for (;;);", -1_000);
      write("1");
      lookFor(kept, 600);
      expect([events, renewals]).toEqual([isNew(models()), 1]);
    });

    test("begins anew where one thread has loaded a file that was written after the start, and another one hangs", () => {
      const kept = begun("for (;;);", -1_000);
      write("1");
      kept.accepted(versionNow());
      lookFor(kept, 600);
      expect([events, renewals]).toEqual([isNew(models()), 1]);
      kept.accepted(versionNow());
      lookFor(kept, 10_000);
      expect(renewals).toBe(1);
    });

    test("does not begin anew where they write a file that they import as it was", () => {
      const kept = starting("1");
      write("1");
      lookFor(kept, 10_000);
      expect([events, renewals]).toEqual([[], 0]);
    });

    test("goes on where other threads still load the same ones", () => {
      const kept = starting("1");
      kept.accepted(versionNow());
      lookFor(kept, 10_000);
      expect([events, renewals]).toEqual([[], 0]);
    });
  });

  test("whose load of them does not end begins anew where a file that only these import is another", () => {
    const kept = keeper(true);
    const file = join(folder, "hangs.ts");
    writeFileSync(file, "await new Promise(() => {});");
    write(`import "./hangs.ts";`);
    lookFor(kept, 1_000);
    isLoading = true;
    expect(renewals).toBe(1);
    writeFileSync(file, "");
    lookFor(kept, 1_000);
    expect(renewals).toBe(2);
  });

  test.each([true, false])(
    "of which a thread loads a file that was only touched before says nothing, and begins anew where it is another: it watches %p",
    (watch) => {
      const kept = keeper(watch, null);
      kept.loads(); // its first ones, at once
      kept.accepted(versionNow());
      write("1");
      kept.loads();
      isLoading = true;
      lookFor(kept, 1_000);
      expect([events, renewals]).toEqual([[], 0]);
      write("22");
      lookFor(kept, 1_000);
      expect(renewals).toBe(1);
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
