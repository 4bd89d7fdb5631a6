/** Which alerts share a limit: those of one definition. */
import { expect, test } from "bun:test";
import { parseSettings } from "../../../src/settings/config.ts";
import { channelsOf } from "../../../src/worker/alerts/channels.ts";

const URL = "https://hooks.example.org/secret";

function keysOf(alert: object): string[] {
  const { alert: settings } = parseSettings({ alert }, "the test");
  return channelsOf({ alert: settings, file: null }).map(({ key }) => key);
}

test("alerts that go elsewhere, or are about other tasks, have keys of their own", () => {
  const keys = [
    { url: URL },
    { url: `${URL}/2` },
    { url: URL, tasks: ["label.*"] },
    { url: URL, queues: ["label.*"] },
    { command: URL },
    { command: [URL] },
  ].flatMap(keysOf);
  expect(new Set(keys).size).toBe(6);
  expect(keysOf({ url: URL, every: "10m" })).toEqual(keysOf({ url: URL }));
});

test("a key has the way, and nothing of a URL, which may be secret", () => {
  for (const key of keysOf({ url: URL, command: "mail" })) {
    expect(key).toMatch(/^(?:command|url) [0-9a-f]{16}$/);
  }
});
