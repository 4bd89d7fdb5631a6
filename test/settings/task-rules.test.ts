/** The sections `[tasks."model.method"]` of tq.toml. */
import { expect, test } from "bun:test";
import { parseSettings } from "../../src/settings/config.ts";
import { sentenceOf } from "../support/error.ts";

const rulesOf = (tasks: object) => parseSettings({ tasks }, "tq.toml").tasks;

test("a name wins over a pattern, and a longer pattern over a shorter one", () => {
  const rules = rulesOf({
    "mail.send": { attempts: 4 },
    "*": { attempts: 2 },
    "mail.*": { attempts: 3 },
  });
  expect(rules.map(({ pattern }) => pattern)).toEqual(["*", "mail.*", "mail.send"]);
});

test("each policy is read as what it means", () => {
  const [rule] = rulesOf({
    "mail.send": {
      attempts: 3,
      backoff: ["1s"],
      timeout: "30s",
      retry_on: ["ECONNRESET"],
      missing: "fail",
    },
  });
  expect(rule?.said).toEqual({
    attempts: 3,
    backoff: [1000],
    timeout: 30_000,
    retryOn: ["ECONNRESET"],
    missing: "fail",
  });
});

test("no limit is written as none, as TOML has no null", () => {
  const [rule] = rulesOf({ "mail.send": { timeout: "none", expires: "none" } });
  expect(rule?.said).toEqual({ timeout: null, expires: null });
});

test.each<[object, string]>([
  [
    { "*": { strict: "yes" } },
    'tq.toml: [tasks."*"] strict cannot be "yes": it must be true or false',
  ],
  [
    { "*": { instances: "many" } },
    'tq.toml: [tasks."*"]: only a model can say instances, in its static tasks',
  ],
  [
    { "mail.send": { atempts: 3 } },
    'tq.toml: [tasks."mail.send"]: atempts is not a policy; did you mean "attempts"?',
  ],
  [
    { "mail.send": { attempts: 0 } },
    'tq.toml: [tasks."mail.send"] attempts cannot be 0: it must be a whole number from 1 to 1000000',
  ],
  [{ "mail.send": { timeout: 30 } }, '[tasks."mail.send"] timeout: 30 has no unit'],
  [{ "mail.send": { timeout: "-1s" } }, "timeout cannot be"],
  [{ "mail.send": { timeout: "1000d" } }, "timeout cannot be"],
  [{ "mail.send": { transaction: false } }, "only a model can say transaction"],
  [{ "mail.send": 5 }, "[tasks] mail.send cannot be 5; write it in a section"],
  [{ f: { timeout: Temporal.PlainTime.from("07:32:00") } }, 'tq.toml: [tasks."f"] timeout'],
  [{ f: { fail_on: { a: 1 } } }, 'tq.toml: [tasks."f"] fail_on cannot be '],
  [{ mail: { attempts: 3, send: { attempts: 3 } } }, 'write [tasks."mail.send"], with quotes'],
  [{ mail: { send: { attempts: 3 } } }, 'write [tasks."mail.send"], with quotes'],
])("the section %j is refused", async (tasks, sentence) => {
  expect(await sentenceOf(() => rulesOf(tasks))).toContain(sentence);
});
