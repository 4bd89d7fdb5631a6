/** `tq cron` on a database without a worker. */
import { describe, expect, test } from "bun:test";
import { heldWords } from "../../src/tasks/cron/recurring.ts";
import { IS_POSTGRES } from "../support/tested-store.ts";
import { Folder } from "./tq.ts";

const MODELS = `
  import { Model, task } from "tq";
  export class Night extends Model {
    static readonly __name__ = "night";
    static async run() {}
  }
  export const ping = task("ping", async () => {});
`;

const TOML = `
[queue]
worker = true

[cron.nightly]
schedule = "30 2 * * *"
time_zone = "Europe/Berlin"
task = "night.run"
`;

function shop(): Folder {
  const folder = new Folder();
  folder.write("models.ts", MODELS);
  folder.write("tq.toml", TOML);
  return folder;
}

async function listed(folder: Folder): Promise<Record<string, unknown>[]> {
  const { stdout } = await folder.tq("cron", "list", "--json");
  return JSON.parse(stdout) as Record<string, unknown>[];
}

async function one(folder: Folder, name = "nightly") {
  return (await listed(folder)).find((task) => task["name"] === name);
}

describe("tq cron add", () => {
  test("makes a recurring task in the database", async () => {
    await using folder = shop();
    const flags = ["--schedule", "0 6 * * MON", "--task", "night.run", "--instances", "7,8"];
    const added = await folder.tq("cron", "add", "weekly", ...flags, "--queue", "mail");
    expect(added).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Added weekly: At 06:00, only on Monday; next \d/),
    });
    expect(await one(folder, "weekly")).toMatchObject({
      schedule: "0 6 * * MON",
      words: "At 06:00, only on Monday",
      task: "night.run",
      queue: "mail",
      origin: "database",
      last: null,
      in_database: true,
    });
  });

  test.each([
    ["nightly", "night.run", 4, /the name is taken by the section \[cron\.nightly\] of .*tq\.toml/],
    ["other", "night.rum", 3, /Cannot add other: cannot push night\.rum: .* did you mean "run"\?/],
    ["a b", "night.run", 2, /"a b" cannot name a recurring task/],
    ["a\nb", "night.run", 2, /^tq: Cannot add it: "a\\nb" cannot name a recurring task/],
  ])("refuses %j with %j", async (name, task, code, words) => {
    await using folder = shop();
    const refused = await folder.tq("cron", "add", name, "--schedule", "@daily", "--task", task);
    expect(refused).toMatchObject({ code, stderr: expect.stringMatching(words) });
    expect(await listed(folder)).toHaveLength(1);
  });

  test("says all that is wrong at once, and makes no database", async () => {
    await using folder = new Folder();
    const flags = ["--schedule", "0 0 30 2 *", "--missed", "never", "--attempts", "few"];
    const { code, stderr } = await folder.tq("cron", "add", "x", ...flags);
    expect(code).toBe(2);
    for (const words of [
      'Cannot add x: schedule: "0 0 30 2 *" never comes',
      "Cannot add x: task is missing",
      'Cannot add x: missed cannot be "never": it must be one of "once", "skip", "all"',
      'Cannot add x: attempts cannot be "few"',
    ]) {
      expect(stderr).toContain(words);
    }
    if (!IS_POSTGRES) expect((await folder.tq("cron", "list")).code).toBe(3);
  });
});

test("tq cron list shows what tq.toml has before any worker has read it", async () => {
  await using folder = shop();
  expect(await one(folder)).toMatchObject({ in_database: false, held: false });
  const { stdout } = await folder.tq("cron", "list");
  expect(stdout).toMatch(/nightly +At 02:30 +Europe\/Berlin +night\.run .* not taken up yet/);
});

test("tq cron list names one that it cannot read, and lists the others", async () => {
  await using folder = shop();
  const store = folder.store();
  await store.cron.add("database", { name: "newer", definition: '{"moon":"full"}' });
  await store.close();
  const { stdout, stderr } = await folder.tq("cron", "list", "--json");
  expect(JSON.parse(stdout)).toMatchObject([{ name: "nightly" }]);
  expect(stderr).toContain("The recurring task newer: moon is not a key of a recurring task");
});

test("recurring tasks are said to be held while the clock is before this tq was made", () => {
  expect(heldWords(0)).toBe(
    "Recurring tasks are held until the clock is right: it says 1970-01-01T00:00:00.000Z, which is before this tq was made",
  );
  expect(heldWords(Date.UTC(2030, 0))).toBeNull();
});

describe("tq cron run", () => {
  test("pushes the task without a worker, and writes the slot into the history", async () => {
    await using folder = shop();
    expect(await folder.tq("cron", "run", "nightly")).toMatchObject({ code: 0, stdout: "1\n" });
    const store = folder.store();
    expect(await store.get(1)).toMatchObject({ model: "night", method: "run", state: "ready" });
    await store.close();
    const { stdout } = await folder.tq("cron", "history", "nightly", "--json");
    expect(JSON.parse(stdout)).toMatchObject([
      {
        outcome: "pushed",
        task: 1,
        state: "ready",
        reason: expect.stringMatching(/^run by hand by .+@/),
      },
    ]);
  });

  test("refuses a second one beside it where overlap says so, unless it is forced", async () => {
    await using folder = shop();
    folder.write("tq.toml", `${TOML}overlap = "skip"\n`);
    await folder.tq("cron", "run", "nightly");
    const refused = await folder.tq("cron", "run", "nightly");
    expect(refused).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("its task 1 has not ended, and its overlap is"),
    });
    expect(await folder.tq("cron", "run", "nightly", "--force")).toMatchObject({ stdout: "2\n" });
  });

  test("names the near name, and needs no database for that", async () => {
    await using folder = shop();
    expect(await folder.tq("cron", "run", "nightly", "-q")).toMatchObject({ code: 0 });
    expect(await folder.tq("cron", "run", "nightli")).toMatchObject({
      code: 3,
      stderr: 'tq: There is no recurring task "nightli"; did you mean "nightly"?\n',
    });
  });
});

describe("tq cron pause", () => {
  test("says who has paused it, why and until when; resume says it again", async () => {
    await using folder = shop();
    const paused = await folder.tq("cron", "pause", "nightly", "--reason", "new\nyear");
    const words = String.raw`paused by .+@.+ since .+: new\\nyear`;
    expect(paused.stdout).toMatch(new RegExp(`^nightly is ${words}\n$`));
    expect(await one(folder)).toMatchObject({ next: null, pause: { reason: "new\nyear" } });
    const resumed = await folder.tq("cron", "resume", "nightly");
    expect(resumed.stdout).toMatch(new RegExp(`^nightly goes on: At 02:30 .*it was ${words}\n$`));
    expect(await one(folder)).toMatchObject({ pause: null });
  });

  test("ends by itself where that is asked for", async () => {
    await using folder = shop();
    await folder.tq("cron", "pause", "nightly", "--until", "3d");
    const task = await one(folder);
    const { next, pause } = task as { next: number; pause: { until: number } };
    expect(next).toBeGreaterThanOrEqual(pause.until);
    await folder.tq("cron", "pause", "nightly", "--until", "14:00");
    const { pause: again } = (await one(folder)) as typeof task & { pause: { until: number } };
    const at = new Date(again.until);
    expect([at.getHours(), at.getMinutes()]).toEqual([14, 0]);
  });

  test("refuses an end that has passed, and a reason that is too long", async () => {
    await using folder = shop();
    const past = await folder.tq("cron", "pause", "nightly", "--until", "2020-01-01T00:00Z");
    expect(past).toMatchObject({ code: 2, stderr: expect.stringContaining("it has passed") });
    const long = await folder.tq("cron", "pause", "nightly", "--reason", "x".repeat(1_001));
    expect(long).toMatchObject({ code: 2, stderr: expect.stringContaining("1000 characters") });
    expect(await one(folder)).toMatchObject({ pause: null });
  });

  test("of one that is not paused resume changes nothing", async () => {
    await using folder = shop();
    await folder.tq("cron", "run", "nightly");
    const { code, stderr } = await folder.tq("cron", "resume", "nightly");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "tq: nightly is not paused: nothing has changed\n",
    });
  });
});

describe("tq cron edit", () => {
  test("has the database say other times, and reset takes that back", async () => {
    await using folder = shop();
    const edited = await folder.tq("cron", "edit", "nightly", "--schedule", "0 3 * * *");
    expect(edited.stdout).toContain("schedule was 30 2 * * *, and is 0 3 * * *\n");
    expect(edited.stdout).toContain("tq cron reset nightly brings back what the section");
    expect(await one(folder)).toMatchObject({
      schedule: "0 3 * * *",
      edited: { schedule: "0 3 * * *" },
    });
    expect((await folder.tq("cron", "list")).stdout).toContain("edited: schedule = 0 3 * * *");
    const reset = await folder.tq("cron", "reset", "nightly");
    expect(reset.stdout).toContain("schedule was 0 3 * * *, and is 30 2 * * *\n");
    expect(await one(folder)).toMatchObject({ schedule: "30 2 * * *", edited: null });
  });

  test("says the preset of a key that the definition does not say", async () => {
    await using folder = shop();
    const { stdout } = await folder.tq("cron", "edit", "nightly", "--queue", "mail");
    expect(stdout).toContain("queue was default, and is mail\n");
  });

  test("back to what the definition says is no override", async () => {
    await using folder = shop();
    await folder.tq("cron", "edit", "nightly", "--schedule", "0 3 * * *");
    await folder.tq("cron", "edit", "nightly", "--schedule", "30 2 * * *");
    expect(await one(folder)).toMatchObject({ edited: null });
  });

  test.each([
    [["--schedule", "nonsense"], /Cannot edit nightly: schedule: "nonsense" is not a schedule/],
    [["--task", "night.rum"], /cannot push night\.rum/],
    [[], /Cannot edit nightly: say what is to change/],
  ])("refuses %j", async (flags, words) => {
    await using folder = shop();
    const refused = await folder.tq("cron", "edit", "nightly", ...flags);
    expect(refused.code).toBeGreaterThan(1);
    expect(refused.stderr).toMatch(words);
    expect(await one(folder)).toMatchObject({ edited: null });
  });
});

test("tq cron remove takes those of the database alone", async () => {
  await using folder = shop();
  await folder.tq("cron", "add", "pinging", "--schedule", "every 15m", "--task", "ping");
  expect(await folder.tq("cron", "remove", "pinging")).toMatchObject({ code: 0 });
  await folder.tq("cron", "run", "nightly");
  expect(await folder.tq("cron", "remove", "nightly")).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/remove it there, or pause it with tq cron pause nightly/),
  });
  expect((await listed(folder)).map(({ name }) => name)).toEqual(["nightly"]);
});

describe("tq cron list on a terminal", () => {
  test.each([60, 80, 130])("of %p columns is not wider, and loses no reason", async (columns) => {
    await using folder = shop();
    await folder.tq("cron", "pause", "nightly", "--reason", "until Anna has counted all, please");
    const { text } = await folder.inTerminal({ columns }, "cron", "list", "-q");
    const lines = text.trimEnd().split("\n");
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    expect(text.replace(/\s+/g, " ")).toContain("until Anna has counted all, please");
    expect(text.replace(/\s+/g, " ")).toContain("At 02:30");
    expect(text).toContain("night.run");
  });
});
