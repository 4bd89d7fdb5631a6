/** The forms of TZ that other programs take, and the sentence for those that tq does not know. */
import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { siteWithModels } from "./support/models.ts";

const env = (TZ: string) => ({ TZ, TQ_LOG__FORMAT: "text", TQ_LOG__LEVEL: "info" });

test.each([
  ["Asia/Kolkata", "+05:30"],
  [":Asia/Kolkata", "+05:30"],
  ["/usr/share/zoneinfo/Asia/Kolkata", "+05:30"],
  [":/usr/share/zoneinfo/posix/Asia/Kolkata", "+05:30"],
  ["UTC", "+00:00"],
])("with TZ=%s the threads of a worker log in that zone", async (zone, offset) => {
  await using site = siteWithModels();
  await site.push("job", "add", "1");
  const { stderr } = await site.start(["worker", "--drain"], { env: env(zone) }).ended();
  expect(stderr).toContain("task 1 finished");
  expect(stderr).not.toContain("TZ");
  for (const line of stderr.trim().split("\n")) expect(line.slice(23, 29)).toBe(offset);
});

test("TZ may be the path of a link to the file of a zone", async () => {
  await using site = siteWithModels();
  site.write("zoneinfo/Asia/Kolkata", "");
  symlinkSync(site.file("zoneinfo/Asia/Kolkata"), site.file("localtime"));
  const { stderr } = await site
    .start(["worker", "--drain"], {
      env: env(`:${site.file("localtime")}`),
    })
    .ended();
  expect(stderr).toMatch(/^\S+ \S+\+05:30 info/);
});

test.each(["CET-1CEST,M3.5.0,M10.5.0/3", "Nope/Zone"])(
  "TZ=%s, which is not known, is named",
  async (zone) => {
    await using site = siteWithModels();
    const { code, stdout, stderr } = await site
      .start(["push", "job", "add", "1"], {
        env: env(zone),
      })
      .ended();
    expect(stderr).toStartWith(
      `tq: The time zone TZ=${JSON.stringify(zone)} is not known, so that times are in UTC: set a name such as Europe/Berlin\n`,
    );
    expect([code, stdout]).toEqual([0, "1\n"]);
  },
);
