/** The hints at the names that other queues give to policies and options. */
import { expect, test } from "bun:test";
import { IN_MODEL, IN_TOML, readPolicies } from "../../src/policies/read.ts";
import { nameHint } from "../../src/policies/other-names.ts";

const RETRIES = "; say attempts, which counts the first run too: 4 for 3 retries";

function refusal(key: string, notation = IN_MODEL): string {
  const problems: string[] = [];
  readPolicies({ [key]: 3 }, "here", notation, (problem) => problems.push(problem));
  expect(problems).toHaveLength(1);
  return problems[0] ?? "";
}

test.each([
  ["retries", RETRIES],
  ["retry", RETRIES],
  ["maxRetries", RETRIES],
  ["max_retries", RETRIES],
  ["retryLimit", RETRIES],
  ["max_attempts", "; say attempts"],
  ["retryDelay", "; say backoff, the wait before each further attempt"],
  ["timeout_ms", "; say timeout, the longest time of one run"],
  ["expireInSeconds", "; say timeout, the longest time of one run"],
  ["ttl", "; say expires, the longest wait for the first run"],
  ["expiresAt", "; say expires, the longest wait for the first run"],
  ["autoretry_for", "; say retryOn"],
  ["discard_on", "; say failOn"],
  ["priority", "; each push says it, as priority"],
  ["countdown", "; each push says it, as scheduledAt"],
  ["delay", "; each push says it, as scheduledAt; the wait between attempts is backoff"],
  ["atempts", '; did you mean "attempts"?'],
  ["colour", ""],
])("the policy %s is refused, with our name for it", (key, hint) => {
  expect(refusal(key)).toBe(`here: ${key} is not a policy${hint}`);
});

test("in tq.toml the hint has the name as it is written there", () => {
  expect(refusal("autoretry_for", IN_TOML)).toEndWith("; say retry_on");
  expect(refusal("retries", IN_TOML)).toEndWith(RETRIES);
});

test.each<[string, unknown, string]>([
  ["retries", "3", RETRIES],
  ["retries", 1, "; say attempts, which counts the first run too: 2 for 1 retry"],
  ["retries", -1, "; say attempts, which counts the first run too"],
  ["retries", "many", "; say attempts, which counts the first run too"],
  ["retries", Number.NaN, "; say attempts, which counts the first run too"],
  ["delay", "5m", "; say scheduledAt, the time of the first run"],
  ["jobId", "x", "; say ref"],
])("the option %s of a push, as %p, is refused with our name for it", (key, value, hint) => {
  expect(nameHint(key, ["attempts", "scheduledAt", "ref"], value)).toBe(hint);
});
