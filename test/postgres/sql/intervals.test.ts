/** Lengths of time as PostgreSQL and its clients write them, in what plain SQL pushes. */
import { expect, test } from "bun:test";
import { systemClock } from "../../../src/clock.ts";
import { needs } from "../../support/needs.ts";
import { makePostgres, type TestPostgres } from "../../support/postgres.ts";

/** In a session with this setting. @returns the stored task */
async function push(
  { database, store }: TestPostgres,
  columns: Record<string, string>,
  setting = "intervalstyle = postgres",
) {
  await database.run(`SET ${setting}`);
  try {
    const names = ["model", "method", "instances", ...Object.keys(columns)].join(", ");
    const values = ["'sale'", "'process'", "'[7]'", ...Object.values(columns)].join(", ");
    const [row] = await database.run(
      `INSERT INTO tq_push (${names}) VALUES (${values}) RETURNING id`,
    );
    const task = await store.get(Number(row?.["id"]));
    if (task === null) throw new Error("It is not stored");
    return task;
  } finally {
    await database.run("RESET intervalstyle; RESET standard_conforming_strings");
  }
}

needs("postgres").describe("a push by SQL", () => {
  const STYLES = ["postgres", "postgres_verbose", "sql_standard", "iso_8601"];
  const LENGTHS: [sql: string, ms: number][] = [
    ["interval '5 minutes'", 300_000],
    ["interval '1 day 90 seconds'", 86_490_000],
    ["interval '1.5 seconds'", 1_500],
    ["interval '1 week'", 604_800_000],
    ["interval '100 hours 1 second'", 360_001_000],
  ];

  test.each(STYLES)("takes an interval for a time, in the style %s", async (style) => {
    await using made = await makePostgres({ clock: systemClock });
    for (const [sql, ms] of LENGTHS) {
      const task = await push(made, { scheduled_at: sql }, `intervalstyle = ${style}`);
      expect((task.scheduled_at ?? 0) - task.enqueued_at).toBeWithin(ms - 50, ms + 1);
    }
  });

  test("takes what Python writes for a timedelta", async () => {
    await using made = await makePostgres({ clock: systemClock });
    const lengths = {
      "0:05:00": 300_000,
      "1 day, 0:00:30": 86_430_000,
      "2 days, 1:00:00.500000": 176_400_500,
    };
    for (const [text, ms] of Object.entries(lengths)) {
      const task = await push(made, { expected_at: `'${text}'`, expires_at: `'10 days, 0:00:00'` });
      expect((task.expected_at ?? 0) - task.enqueued_at).toBeWithin(ms - 50, ms + 1);
      expect((task.expires_at ?? 0) - task.enqueued_at).toBeWithin(863_999_950, 864_000_001);
    }
  });

  test("takes an interval for a timeout and a backoff, as a run reads it", async () => {
    await using made = await makePostgres({ clock: systemClock });
    const task = await push(made, { timeout: "interval '90 seconds'", backoff: "'0:00:10'" });
    expect(task.policy).toEqual({ timeout: "90000ms", backoff: "10000ms" });
    const iso = await push(made, { timeout: "interval '90 seconds'" }, "intervalstyle = iso_8601");
    expect(iso.policy).toEqual({ timeout: "PT1M30S" });
  });

  test.each(["'07:00'", "'1:2:3'", "'tomorrow'", "'P'", "'1 fortnight'"])(
    "refuses %s for a time",
    async (text) => {
      await using made = await makePostgres({ clock: systemClock });
      const pushing = push(made, { scheduled_at: text });
      expect(pushing).rejects.toThrow("scheduled_at must be ms since 1970 UTC, or text like");
      await pushing.catch(() => {});
    },
  );

  test("works in a session that takes backslashes for escapes", async () => {
    await using made = await makePostgres({ clock: systemClock });
    const columns = {
      scheduled_at: "'+5 minutes'",
      args: `'[1, {"a": "b"}]'`,
      timeout: "'30s'",
      backoff: `'["10s", "1m"]'`,
    };
    const task = await push(made, columns, "standard_conforming_strings = off");
    expect(task).toMatchObject({ args: [1, { a: "b" }], state: "scheduled" });
    expect(task.policy).toEqual({ timeout: "30s", backoff: ["10s", "1m"] });
  });
});
