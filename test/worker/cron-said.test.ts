/** Of two definitions of one name, the words of the one that is not in force. */
import { expect, test } from "bun:test";
import type { CronRow } from "../../src/cron/ledger.ts";
import { differingWords } from "../../src/worker/cron-said.ts";

const words = (origin: string, other: string) =>
  differingWords("nightly", origin, { kind: "settings", origin: other } as CronRow);

test("of two hosts get the advice of tq doctor, whatever the paths of their files", () => {
  for (const path of ["/etc/tq.toml", "/srv/shop/tq.toml"]) {
    expect(words("shop-2:/etc/tq.toml", `shop-1:${path}`)).toBe(
      `recurring task nightly of shop-2:/etc/tq.toml is not in force: shop-1:${path} says another thing of it, and counts as long as a worker of shop-1 lives; give all hosts the same tq.toml, and start their workers anew`,
    );
  }
});

test("of two files of one host can be renamed", () => {
  expect(words("/b/tq.toml", "/a/tq.toml")).toBe(
    "recurring task nightly of /b/tq.toml is not in force: another worker has one of that name from /a/tq.toml; rename one",
  );
});
