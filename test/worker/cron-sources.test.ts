/** Where a worker's recurring tasks come from: tq.toml, which is read anew where it has changed, and the models. */
import { describe, expect, spyOn, test } from "bun:test";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { errorOf } from "../support/error.ts";
import {
  file,
  folder,
  HOURLY,
  looks,
  modelsOf,
  NIGHTLY,
  renewSources,
  row,
  said,
  store,
  subject,
  wait,
  worker,
} from "./cron-files.ts";

renewSources();

describe("a change of tq.toml, without a restart,", () => {
  test("of its times counts from when it is seen, and leaves the other recurring tasks alone", async () => {
    writeFileSync(file, NIGHTLY + HOURLY);
    const sources = await worker();
    const hourly = await row("hourly");
    subject.clock.advance(5_000);
    writeFileSync(file, NIGHTLY.replace("@daily", "@weekly") + HOURLY);
    expect(sources.isWaiting).toBe(true);
    await looks(sources);
    expect(await row()).toMatchObject({
      definition: '{"schedule":"@weekly","task":"night.run"}',
      former: [{ schedule: "@daily", zone: "UTC", until: subject.clock.now() }],
    });
    expect(await row("hourly")).toEqual(hourly);
    expect(said).toEqual([`recurring task nightly is in force as ${file} says now`]);
    expect(sources.isWaiting).toBe(false);
  });

  test("that takes a section away stops its recurring task, and says so once", async () => {
    writeFileSync(file, NIGHTLY + HOURLY);
    const sources = await worker();
    writeFileSync(file, HOURLY);
    await looks(sources);
    await looks(sources);
    expect(await row()).toMatchObject({ removedAt: subject.clock.now() });
    expect(said).toEqual([`recurring task nightly stops: ${file} does not have it any more`]);
  });

  test("that is not whole yet counts once nobody has written for two seconds", async () => {
    writeFileSync(file, NIGHTLY + HOURLY);
    const sources = await worker();
    for (const length of [0, 10, NIGHTLY.length]) {
      writeFileSync(file, (NIGHTLY + HOURLY).slice(0, length));
      await sources.look();
      wait(1_000);
      await sources.look();
      wait(900);
    }
    writeFileSync(file, NIGHTLY + HOURLY);
    await looks(sources);
    expect(await row("hourly")).toMatchObject({ removedAt: null });
    expect(said).toEqual([]);
  });

  const broken: [string, () => void, string][] = [
    ["is no TOML", () => writeFileSync(file, "[cron"), "Cannot read "],
    ["is empty", () => writeFileSync(file, ""), "is empty"],
    ["is gone", () => rmSync(file), "there is no such file"],
    [
      "has a wrong value",
      () => writeFileSync(file, NIGHTLY.replace("@daily", "61 * * * *")),
      '[cron.nightly] schedule: "61 * * * *" is not a schedule',
    ],
    [
      "cannot start a worker, for another section,",
      () => writeFileSync(file, `${HOURLY}\n[worker]\nthreds = 4\n`),
      "[worker] threds is not a setting",
    ],
    [
      "cannot start a worker, for a policy of tasks,",
      () => writeFileSync(file, `${HOURLY}\n[tasks."night.run"]\ntries = 4\n`),
      "tries",
    ],
  ];
  test.each(broken)("that %s leaves all as it was, and says so once", async (_, spoil, words) => {
    writeFileSync(file, NIGHTLY);
    const sources = await worker();
    const before = await row();
    spoil();
    await looks(sources);
    await looks(sources);
    expect(await row()).toEqual(before);
    expect(said).toHaveLength(1);
    expect(said[0]).toStartWith("Recurring tasks stay as they were: ");
    expect(said[0]).toContain(words);
    writeFileSync(file, NIGHTLY + HOURLY);
    await looks(sources);
    expect(await row("hourly")).toMatchObject({ removedAt: null });
  });

  test("that is half of it for a while, and TOML, moves no time once it is whole again", async () => {
    writeFileSync(file, NIGHTLY + HOURLY);
    const sources = await worker();
    const before = await row("hourly");
    writeFileSync(file, NIGHTLY);
    await looks(sources);
    expect((await row("hourly"))?.removedAt).not.toBeNull();
    subject.clock.advance(50_000);
    writeFileSync(file, NIGHTLY + HOURLY);
    await looks(sources);
    expect<unknown>(await row("hourly")).toEqual({ ...before, heldSince: subject.clock.now() });
  });

  test("by an editor that replaces the file is seen too", async () => {
    writeFileSync(file, NIGHTLY);
    const sources = await worker();
    writeFileSync(folder.file("tq.toml.new"), NIGHTLY.replace("night.run", "night.end"));
    renameSync(folder.file("tq.toml.new"), file);
    await looks(sources);
    expect((await row())?.definition).toContain("night.end");
  });

  test("that gives it a method that no model has is warned of", async () => {
    writeFileSync(file, NIGHTLY);
    const sources = await worker();
    writeFileSync(file, NIGHTLY.replace("night.run", "night.runn"));
    await looks(sources);
    expect(said.at(-1)).toBe(
      `${file}: [cron.nightly]: there is no night.runn in the models; did you mean "night.run"?`,
    );
  });

  test("that is refused by a busy database is put in force later", async () => {
    writeFileSync(file, NIGHTLY);
    const sources = await worker();
    writeFileSync(file, HOURLY);
    const define = spyOn(store.cron, "define").mockRejectedValueOnce(new Error("it is busy"));
    await errorOf(looks(sources));
    define.mockRestore();
    expect(sources.isWaiting).toBe(true);
    await looks(sources);
    expect(await row("hourly")).toMatchObject({ removedAt: null });
    expect((await row())?.removedAt).not.toBeNull();
  });
});

describe("a restart", () => {
  test("moves no time", async () => {
    writeFileSync(file, NIGHTLY);
    await worker();
    const before = await row();
    await store.unregister("w1");
    subject.clock.advance(86_400_000);
    writeFileSync(file, `# a comment\n[cron.nightly]\ntask = "night.run"\nschedule = "@daily"\n`);
    await worker({ id: "w2" });
    expect<unknown>(await row()).toEqual({ ...before, heldSince: subject.clock.now() });
    expect(said).toEqual([]);
  });

  test("with a section that is gone says so", async () => {
    writeFileSync(file, NIGHTLY);
    await worker();
    await store.unregister("w1");
    writeFileSync(file, "");
    await worker({ id: "w2" });
    expect(said).toEqual([`recurring task nightly stops: ${file} does not have it any more`]);
  });

  test("with another file says so of one whose file is gone", async () => {
    writeFileSync(file, NIGHTLY);
    await worker();
    await store.unregister("w1");
    rmSync(file);
    const other = folder.file("other.toml");
    writeFileSync(other, HOURLY);
    await worker({ id: "w2", at: other });
    expect(said).toEqual([`recurring task nightly stops: ${file} does not have it any more`]);
  });
});

describe("a recurring task of a model", () => {
  const SAID = { schedule: "@daily", task: "night.run", attempts: 3 };

  test("is in force from its models", async () => {
    writeFileSync(file, "");
    await worker({ models: modelsOf(SAID) });
    expect(await row()).toMatchObject({ origin: "/shop/models.ts", kind: "model" });
  });

  test("takes the keys that tq.toml says from there, and the others from the model", async () => {
    writeFileSync(file, `[cron.nightly]\nschedule = "@weekly"\n`);
    const sources = await worker({ models: modelsOf(SAID) });
    expect(await row()).toMatchObject({
      origin: file,
      definition: '{"attempts":3,"schedule":"@weekly","task":"night.run"}',
    });
    writeFileSync(file, HOURLY);
    await looks(sources);
    expect(await row()).toMatchObject({
      origin: "/shop/models.ts",
      definition: '{"attempts":3,"schedule":"@daily","task":"night.run"}',
      removedAt: null,
    });
    expect(said).toEqual([`recurring tasks hourly, nightly are in force as ${file} says now`]);
  });

  test("without one a section that leaves out its task is warned of, with the near name", async () => {
    writeFileSync(file, `[cron.nightli]\nschedule = "@weekly"\n`);
    const sources = await worker({ models: modelsOf(SAID) });
    expect(sources.problems()).toEqual([
      `${file}: [cron.nightli] task is missing: it must be the name of a model and a method, like "night.run", or of a function, as text of 1 to 1000 characters; no model here has a recurring task nightli; did you mean "nightly"?`,
    ]);
    expect(await row("nightli")).toBeUndefined();
  });

  test("that calls a method of records without their ids is warned of, with ids it is not", async () => {
    const called = `[cron.mails]\nschedule = "@daily"\ntask = "night.send"\n`;
    writeFileSync(file, `${called}\n${called.replace("mails", "one")}instances = 7\n`);
    const sources = await worker({ models: modelsOf(null, ["send"], ["night.send"]) });
    expect(sources.problems()).toEqual([
      `${file}: [cron.mails]: its tasks do nothing: night.send is called on records; say their ids as instances`,
    ]);
  });

  test("stays as it is where an edit leaves out what no model says", async () => {
    writeFileSync(file, NIGHTLY);
    const sources = await worker();
    const before = await row();
    writeFileSync(file, `[cron.nightly]\nschedule = "@weekly"\n`);
    await looks(sources);
    expect(await row()).toEqual(before);
    expect(said).toEqual(sources.problems());
    expect(said[0]).toContain("[cron.nightly] task is missing");
  });
});

test("tq's own cleaning takes its times from tq.toml, and has its own again without them", async () => {
  writeFileSync(file, `[cron."tq.clean"]\nschedule = "@daily"\n`);
  const sources = await worker();
  expect(await row("tq.clean")).toMatchObject({ origin: file });
  writeFileSync(file, HOURLY);
  await looks(sources);
  expect(await row("tq.clean")).toMatchObject({ origin: "tq", kind: "tq", removedAt: null });
});

test("a worker without recurring tasks writes nothing once tq's own is there", async () => {
  writeFileSync(file, "");
  await worker();
  const define = spyOn(store.cron, "define");
  await worker({ id: "w2" });
  expect(define).toHaveBeenCalledTimes(0);
});
