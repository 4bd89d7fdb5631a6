/** A recurring task as its sources write it: what is right, what is wrong, and the text that stays the same. */
import { describe, expect, test } from "bun:test";
import { CRON_KEYS, checkCron, readCron } from "../../src/cron/definition.ts";
import { definitionOf } from "../../src/cron/in-force.ts";
import { CLEAN } from "../../src/cron/own.ts";
import { Decimal } from "../../src/values/decimal.ts";
import { errorOf } from "../support/error.ts";

const WHERE = "/shop/tq.toml: [cron.nightly]";
const RIGHT = { schedule: "@daily", task: "night.run" };

function problems(given: unknown, name = "nightly"): string[] {
  const said: string[] = [];
  checkCron(name, given, WHERE, (problem) => said.push(problem.replace(WHERE, "").trim()));
  return said;
}

async function refusal(given: unknown): Promise<string[]> {
  const { message } = await errorOf(() => readCron("nightly", given, WHERE));
  return message.split("\n  ").map((line) => line.replace(WHERE, "").trim());
}

describe("a recurring task", () => {
  test("has all its values from the keys that were said, and the presets", () => {
    expect(readCron("nightly", RIGHT, WHERE)).toMatchObject({
      name: "nightly",
      task: "night.run",
      timeZone: null,
      instances: [],
      args: "[]",
      queue: "default",
      priority: 0,
      user: 0,
      context: {},
      missed: "once",
      catchUp: 100,
      grace: null,
      overlap: "allow",
      jitter: 0,
      expires: null,
      policy: null,
    });
    const all = {
      ...RIGHT,
      time_zone: "Europe/Berlin",
      instances: [7, 8],
      args: [1, "x"],
      queue: "low",
      priority: -1,
      user: 3,
      context: { company: 1 },
      missed: "all",
      catch_up: 5,
      grace: "2h",
      overlap: "wait",
      jitter: "5m",
      attempts: 3,
      backoff: ["1m"],
      timeout: "30s",
      expires: "1h",
    };
    expect(problems(all)).toEqual([]);
    expect(readCron("nightly", all, WHERE)).toMatchObject({
      timeZone: "Europe/Berlin",
      instances: [7, 8],
      args: '[1,"x"]',
      queue: "low",
      priority: -1,
      user: 3,
      context: { company: 1 },
      missed: "all",
      catchUp: 5,
      grace: 7_200_000,
      overlap: "wait",
      jitter: 300_000,
      expires: 3_600_000,
    });
  });

  test.each([
    ["schedule", 5, "schedule: 5 is not a schedule"],
    ["schedule", "every 15", 'schedule: "15" has no unit'],
    ["schedule", "31 2 31 2 *", "schedule: "],
    ["task", "", 'task cannot be "": it must be the name of a model and a method'],
    ["time_zone", "Europe/Berln", 'it must be the name of a time zone like "Europe/Berlin"'],
    ["time_zone", "Europe/Berln", 'did you mean "Europe/Berlin"?'],
    ["time_zone", "+02:00", 'time_zone cannot be "+02:00": it must be the name of a time zone'],
    ["instances", "all", "it must be an id, or a list of ids like [7, 8]"],
    ["instances", [1.5], "it must be an id"],
    ["args", { a: 1 }, "it must be a list"],
    ["args", [Number.NaN], "args[0]: NaN is not JSON"],
    ["queue", "", "it must be the name of a queue"],
    ["priority", "high", "it must be a whole number"],
    ["user", -1, "it must be a user id"],
    ["context", [1], "it must be an object"],
    ["context", { cron: 1 }, 'context cannot have the key "cron": tq sets it'],
    ["missed", "twice", 'it must be one of "once", "skip", "all"'],
    ["catch_up", 0, "it must be a whole number from 1 to 1000"],
    ["grace", 5, "it must be a length of time"],
    ["jitter", "2d", "it must be a length of time"],
    ["overlap", "never", 'it must be one of "allow", "skip", "wait"'],
    ["attempts", 0, "it must be a whole number from 1"],
    ["timeout", "1y", "timeout: "],
    ["backoff", "cubic", "backoff cannot be "],
    ["expires", "soon", "expires: "],
  ])("with %s = %j is refused in one sentence that names the key", (key, value, words) => {
    const [problem = "", ...others] = problems({ ...RIGHT, [key]: value });
    expect(problem).toStartWith(key);
    expect(problem).toContain(words);
    expect(others).toEqual([]);
  });

  test("with several problems says all of them", async () => {
    expect(await refusal({ schedul: "@daily", task: 5, time_zone: 7 })).toMatchObject([
      ': schedul is not a key of a recurring task; did you mean "schedule"?',
      expect.stringContaining("task cannot be 5"),
      expect.stringContaining("time_zone cannot be 7"),
      expect.stringContaining("schedule is missing: it must be a schedule like"),
    ]);
  });

  test("says each key that is missing, where no other source can say it", async () => {
    expect(problems({})).toEqual([]);
    expect(await refusal({})).toMatchObject([
      expect.stringContaining("task is missing"),
      expect.stringContaining("schedule is missing"),
    ]);
  });

  test.each([[5], ["@daily"], [[RIGHT]], [null]])("that is %j is refused", (given) => {
    expect(problems(given)).toHaveLength(1);
    expect(problems(given)[0]).toContain("give it a schedule and a task");
  });

  test.each([["odd name"], [""], ["-a"], ["a/b"], ["x".repeat(101)], ["a\nb"]])(
    "cannot have the name %j",
    (name) => {
      expect(problems(RIGHT, name)[0]).toContain("cannot name a recurring task");
    },
  );

  test.each([["nightly.2"], ["Prüfung_1"], ["x".repeat(100)]])("can have the name %j", (name) => {
    expect(problems(RIGHT, name)).toEqual([]);
  });

  test("in a section without quotes around a name with a dot is told how to write it", () => {
    expect(problems({ b: RIGHT }, "a")).toEqual([
      ': it is no definition; for a name with a dot write [cron."a.b"], with quotes',
    ]);
  });
});

describe("the text of a recurring task", () => {
  test("is the same however its keys are ordered, and has no preset in it", () => {
    const one = { schedule: "@daily", task: "night.run", context: { b: 1, a: { d: 1, c: 2 } } };
    const other = { context: { a: { c: 2, d: 1 }, b: 1 }, task: "night.run", schedule: "@daily" };
    const { text } = readCron("nightly", one, WHERE);
    expect(readCron("nightly", other, WHERE).text).toBe(text);
    expect(text).toBe(
      '{"context":{"a":{"c":2,"d":1},"b":1},"schedule":"@daily","task":"night.run"}',
    );
  });

  test("is the same from TypeScript and from tq.toml", () => {
    const toml = { ...RIGHT, time_zone: "Europe/Berlin", catch_up: 3, grace: "2h" };
    const model = { ...RIGHT, timeZone: "Europe/Berlin", catchUp: 3, grace: "2h" };
    const { text } = readCron("nightly", model, "night.cron.nightly", (key) => key, ".");
    expect(text).toBe(readCron("nightly", toml, WHERE).text);
  });

  test("gives back every value that TypeScript can say, also what JSON lacks", () => {
    const given = {
      ...RIGHT,
      args: [new Decimal("1.50"), Temporal.PlainDate.from("2026-02-28"), { __class__: "Decimal" }],
      grace: Temporal.Duration.from({ minutes: 5 }),
      jitter: { seconds: 30 },
      timeout: { minutes: 1 },
      backoff: { kind: "linear", first: Temporal.Duration.from("PT5S") },
    };
    const read = readCron("nightly", given, WHERE, (key) => key, ".");
    const { schedule, ...again } = definitionOf({
      name: "nightly",
      definition: read.text,
      override: {},
      former: [],
      zone: null,
    });
    expect(again).toEqual({ ...read, schedule: undefined } as never);
    expect(schedule.text).toBe("@daily");
  });

  test("counts with what the database says instead", () => {
    const { text } = readCron("nightly", RIGHT, WHERE);
    const override = { schedule: "@weekly", time_zone: "Asia/Tokyo" };
    expect(
      definitionOf({ name: "nightly", definition: text, override, former: [], zone: null }),
    ).toMatchObject({
      schedule: { text: "@weekly" },
      timeZone: "Asia/Tokyo",
    });
  });
});

describe("tq's own recurring task", () => {
  test("takes its times from an operator", () => {
    const times = { schedule: "@daily", time_zone: "UTC", missed: "skip", grace: "1h" };
    expect(problems({ ...times, overlap: "wait", jitter: "1m" }, CLEAN)).toEqual([]);
  });

  test.each(CRON_KEYS.filter((key) => !/schedule|zone|missed|grace|overlap|jitter/i.test(key)))(
    "does not take %s",
    (key) => {
      const written = key === "catchUp" ? "catch_up" : key;
      expect(problems({ [written]: "x" }, CLEAN)).toEqual([
        `: ${written} is not for tq's own tasks: say schedule, time_zone, missed, grace, overlap or jitter`,
      ]);
    },
  );

  test("has a name like no other", () => {
    expect(problems(RIGHT, "tq.other")).toEqual([
      ": names that begin with tq. are those of tq's own recurring tasks",
    ]);
  });
});
