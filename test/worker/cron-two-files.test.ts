/** Two definitions of one name, in two files or in a file and the database. */
import { describe, expect, spyOn, test } from "bun:test";
import { writeFileSync } from "node:fs";
import {
  file,
  folder,
  looks,
  modelsOf,
  NIGHTLY,
  renewSources,
  row,
  said,
  store,
  wait,
  worker,
} from "./cron-files.ts";

renewSources();

describe("of two files with one name", () => {
  const other = () => folder.file("other.toml");

  test("the second says that it is not in force, once, and takes the name when the first is gone", async () => {
    writeFileSync(file, NIGHTLY);
    writeFileSync(other(), NIGHTLY.replace("@daily", "@weekly"));
    await worker();
    const second = await worker({ id: "w2", at: other() });
    await looks(second);
    expect(said).toEqual([
      `recurring task nightly of ${other()} is not in force: another worker has one of that name from ${file}; rename one`,
    ]);
    expect(await row()).toMatchObject({ origin: file, others: [other()] });
    await store.unregister("w1");
    await looks(second);
    expect(await row()).toMatchObject({ origin: file, held: false }); // it may only restart
    wait(60_000);
    await looks(second);
    expect(await row()).toMatchObject({ origin: other(), held: true });
  });

  test("the second says nothing where both say the same, and takes the name at once", async () => {
    writeFileSync(file, NIGHTLY);
    writeFileSync(other(), NIGHTLY);
    await worker();
    const second = await worker({ id: "w2", at: other() });
    await looks(second);
    expect(said).toEqual([]);
    await store.unregister("w1");
    await looks(second);
    expect(await row()).toMatchObject({ origin: other(), held: true });
  });

  test("the second says so where the first comes to say another thing", async () => {
    writeFileSync(file, NIGHTLY);
    writeFileSync(other(), NIGHTLY);
    const first = await worker();
    const second = await worker({ id: "w2", at: other() });
    writeFileSync(file, NIGHTLY.replace("@daily", "@weekly"));
    await looks(first);
    await looks(second);
    expect(said.filter((words) => words.includes("not in force"))).toEqual([
      `recurring task nightly of ${other()} is not in force: another worker has one of that name from ${file}; rename one`,
    ]);
  });

  test("neither writes at its looks", async () => {
    writeFileSync(file, NIGHTLY);
    writeFileSync(other(), NIGHTLY.replace("@daily", "@weekly"));
    const first = await worker();
    const second = await worker({ id: "w2", at: other() });
    const define = spyOn(store.cron, "define");
    for (let time = 0; time < 5; time++) {
      await first.look();
      await second.look();
    }
    expect(define).toHaveBeenCalledTimes(0);
  });

  test("one that tq cron add made stays in force", async () => {
    const definition = '{"schedule":"@daily","task":"night.run"}';
    await store.cron.define({ origin: "database", definitions: [{ name: "nightly", definition }] });
    writeFileSync(file, NIGHTLY);
    await worker();
    expect(said).toEqual([
      `recurring task nightly of ${file} is not in force: tq cron add made one of that name; rename one`,
    ]);
    expect(await row()).toMatchObject({ origin: "database" });
  });
});

describe("of two workers with one tq.toml and different models", () => {
  const SAID = { schedule: "@daily", task: "night.run", attempts: 3 };
  const other = {
    catalog: { day: ["run"] },
    crons: [{ path: "/shop/day.ts", definitions: [], onRecords: [] }],
  };
  const merged = '{"attempts":3,"schedule":"@weekly","task":"night.run"}';

  test.each([
    ["the schedule alone", `[cron.nightly]\nschedule = "@weekly"\n`],
    ["all", NIGHTLY.replace("@daily", "@weekly")],
  ])("the one that has the model says what is in force, where tq.toml says %s", async (_, toml) => {
    writeFileSync(file, toml);
    await worker({ models: modelsOf(SAID) });
    const before = await row();
    expect(before).toMatchObject({ origin: file, definition: merged });
    const second = await worker({ id: "w2", models: other });
    await looks(second);
    expect(await row()).toEqual(before);
    writeFileSync(file, `${toml}queue = "low"\n`);
    await looks(second);
    expect(await row()).toEqual(before);
    expect(said.filter((words) => words.includes("not in force"))).toEqual([]);
  });

  test("an edit counts also where neither has the model", async () => {
    writeFileSync(file, NIGHTLY);
    const both = [await worker({ models: other }), await worker({ id: "w2", models: other })];
    writeFileSync(file, NIGHTLY.replace("@daily", "@weekly"));
    for (const one of both) await looks(one);
    expect((await row())?.definition).toContain("@weekly");
  });
});
