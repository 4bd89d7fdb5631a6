/** `tq cron explain`: it needs no database, and no worker. */
import { describe, expect, test } from "bun:test";
import { Folder } from "./tq.ts";

describe("tq cron explain", () => {
  test("says the words, the next times with their offsets, and what the clock does", async () => {
    await using folder = new Folder();
    const flags = ["--time-zone", "Europe/Berlin", "--count", "2"];
    const env = { TZ: "Asia/Tokyo" };
    const schedule = "30 2 * * *";
    const { code, stdout } = await folder.tqWith({ env }, "cron", "explain", schedule, ...flags);
    expect(code).toBe(0);
    const lines = stdout.split("\n");
    expect(lines.slice(0, 3)).toEqual([
      "30 2 * * *",
      "At 02:30",
      "The clock is that of Europe/Berlin",
    ]);
    expect(lines[4]).toMatch(/^next in Europe\/Berlin +UTC +here \(Asia\/Tokyo\)$/);
    expect(lines[5]).toMatch(
      /^\w{3} \d{4}-\d\d-\d\d 0[23]:30 \+0[12]:00 {2}\w{3} [\d-]+ 0[01]:30 {2}\w{3} [\d-]+ (09|10):30$/,
    );
    expect(stdout).toMatch(/02:30 does not exist that day, and it runs once, at 03:30\./);
    expect(stdout).toMatch(/02:30 comes twice that day, and it runs the first time only\./);
  });

  test("takes the name of one that tq.toml has", async () => {
    await using folder = new Folder();
    folder.write("tq.toml", '[cron.nightly]\nschedule = "@daily"\ntask = "night.run"\n');
    const { stdout } = await folder.tq("cron", "explain", "nightly", "--json", "--count", "3");
    const answer = JSON.parse(stdout) as { name: string; words: string; next: unknown[] };
    expect(answer).toMatchObject({ name: "nightly", words: "At 00:00", schedule: "@daily" });
    expect(answer.next).toHaveLength(3);
  });

  test("takes an interval without quotes", async () => {
    await using folder = new Folder();
    const { stdout } = await folder.tq("cron", "explain", "every", "15m");
    expect(stdout).toContain("Every 15 minutes\nIt is counted from 1970 in UTC");
  });

  test.each([
    [["0 0 30 2 *"], '"0 0 30 2 *" never comes: there is no such day'],
    [["30", "2", "*", "models.ts", "tq.toml"], "put it into quotes, as a shell takes * for"],
    [[`${"1,".repeat(50_000)}1 * * * *`], "is longer than 200 characters"],
    [["@daily", "--time-zone", "Europa/Berlin"], '--time-zone cannot be "Europa/Berlin"'],
    [["@daily", "--count", "1001"], '--count cannot be "1001"'],
    [["nightly"], 'There is no recurring task "nightly"'],
  ])("refuses %p", async (args, words) => {
    await using folder = new Folder();
    const { code, stderr } = await folder.tq("cron", "explain", ...args);
    expect(code).toBeGreaterThan(1);
    expect(stderr).toContain(words);
  });
});
