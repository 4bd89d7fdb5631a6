/**
 * What the types of `static cron` and of a function's `cron` allow. Checked by `bun check`: a line marked
 * @ts-expect-error that compiles is an error there.
 */
import { expect, test } from "bun:test";
import { Model, ModelSQL, type Queue, type RecurringTasks, task, v } from "../../src/index.ts";
import { recurringTasks } from "../../src/registry/recurring.ts";
import { errorOf } from "../support/error.ts";

class Night extends ModelSQL("night", { text: v.string() }) {
  declare static readonly __queue__: Queue<typeof Night>;
  static readonly cron: RecurringTasks<typeof Night> = {
    nightly: {
      schedule: "30 2 * * *",
      timeZone: "Europe/Berlin",
      method: "run",
      args: [7],
      attempts: 3,
      backoff: ["10s", "1m"],
      timeout: "1h30m",
      expires: { minutes: 5 },
      grace: "PT2H",
      missed: "all",
      catchUp: 3,
      overlap: "wait",
      jitter: "5m",
      queue: "low",
      priority: -1,
      user: 1,
      context: { company: 1 },
    },
    plain: { schedule: "@daily", method: "plain" },
    optional: { schedule: "every 15m", method: "optional" },
    one: { schedule: "every 1h", method: "one", instances: 7, args: ["x"] },
    some: { schedule: "@hourly", method: "run", instances: [7, 8], args: [1] },
    each: { schedule: "@weekly", method: "check", instances: [7] },
  };
  static async run(_nights: Night[], _days: number) {}
  static async plain() {}
  static async optional(_nights: readonly Night[], _days?: number) {}
  static async one(_night: Night, _text: string) {}
  async check() {}
}

class Wrong extends Model {
  static override readonly __name__ = "wrong";
  static readonly cron: RecurringTasks<typeof Wrong> = {
    // @ts-expect-error no such method
    a: { schedule: "@daily", method: "runn", args: [7] },
    // @ts-expect-error the method is missing
    b: { schedule: "@daily" },
    // @ts-expect-error no such key
    c: { schedul: "@daily", method: "run", args: [7] },
    // @ts-expect-error the schedule is missing
    d: { method: "run", args: [7] },
    // @ts-expect-error no such nickname
    e: { schedule: "@dayly", method: "run", args: [7] },
    // @ts-expect-error the unit is missing
    f: { schedule: "every 15", method: "run", args: [7] },
    // @ts-expect-error four fields
    g: { schedule: "30 2 * *", method: "run", args: [7] },
    // @ts-expect-error the argument is a number
    h: { schedule: "@daily", method: "run", args: ["7"] },
    // @ts-expect-error the argument is missing
    i: { schedule: "@daily", method: "run" },
    // @ts-expect-error one argument too many
    j: { schedule: "@daily", method: "run", args: [7, 8] },
    // @ts-expect-error the unit is missing
    k: { schedule: "@daily", method: "run", args: [7], timeout: "30" },
    // @ts-expect-error a text is no number
    l: { schedule: "@daily", method: "run", args: [7], attempts: "3" },
    // @ts-expect-error no such word
    m: { schedule: "@daily", method: "run", args: [7], missed: "twice" },
    // @ts-expect-error a method of the record needs its records
    n: { schedule: "@daily", method: "check" },
    // @ts-expect-error it takes one record
    o: { schedule: "@daily", method: "one", instances: [7] },
    // @ts-expect-error no function can be kept
    p: { schedule: "@daily", method: "run", args: [7], backoff: () => "1s" },
    // @ts-expect-error tasks are named by their method here
    q: { schedule: "@daily", task: "wrong.run" },
    // @ts-expect-error tq.toml writes it so, TypeScript does not
    r: { schedule: "@daily", method: "run", args: [7], time_zone: "UTC" },
    // @ts-expect-error tasks cannot call what tq itself defines
    s: { schedule: "@daily", method: "browse", args: [] },
  };
  static async run(_wrongs: Wrong[], _days: number) {}
  static async one(_wrong: Wrong) {}
  async check() {}
}

/** What the types refuse and a program could still mean. */
const ONLY_TYPES = ["h", "i", "j", "o"];

test("the recurring tasks that compile are taken, and those that do not are refused as the models load", async () => {
  expect(recurringTasks([Night]).map(({ name }) => name)).toEqual(Object.keys(Night.cron));
  const all: unknown = Wrong.cron;
  for (const [name, given] of Object.entries(all as object)) {
    class One extends Wrong {
      static override readonly cron = { [name]: given as never };
    }
    if (ONLY_TYPES.includes(name)) expect(recurringTasks([One])).toHaveLength(1);
    else expect((await errorOf(() => recurringTasks([One]))).message).toContain(`.cron.${name}`);
  }
});

test("a function says its own as an option, with arguments of its types", async () => {
  const run = async (_path: string, _width = 1) => {};
  const right = task(
    "thumbnails",
    { attempts: 2, cron: { hourly: { schedule: "@hourly", args: ["a"] } } },
    run,
  );
  expect(right.push).toBeFunction();
  // @ts-expect-error the argument is a text
  task("a", { cron: { hourly: { schedule: "@hourly", args: [7] } } }, run);
  // @ts-expect-error the argument is missing
  task("b", { cron: { hourly: { schedule: "@hourly" } } }, run);
  task("c", { cron: { hourly: { schedule: "@hourly" } } }, async () => {});
  const method = { schedule: "@hourly", method: "x" } as const;
  // @ts-expect-error a function has no method
  const wrong = () => task("d", { cron: { hourly: { ...method, method: "x" } } }, async () => {});
  expect((await errorOf(wrong)).message).toBe(
    'task("d").cron.hourly cannot have a method: a function has none',
  );
});
