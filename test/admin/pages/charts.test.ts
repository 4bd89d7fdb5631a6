import { describe, expect, test } from "bun:test";
import { CALL, NOW } from "../support.ts";
import { withTasks } from "./person.ts";

const MINUTE = 60_000;

interface Chart {
  readonly title: string;
  readonly at: readonly number[];
  readonly lines: readonly { readonly label: string; readonly values: readonly unknown[] }[];
}

function chartsIn(html: string): Chart[] {
  return [...html.matchAll(/data-chart="([^"]*)"/g)].map(
    ([, text = ""]) => JSON.parse(text.replaceAll("&quot;", '"')) as Chart,
  );
}

describe("the charts of the overview", () => {
  test.each([
    ["hour", 61, MINUTE],
    ["day", 97, 15 * MINUTE],
    ["week", 85, 120 * MINUTE],
  ])("have the steps of the last %s", async (span, count, step) => {
    await using admin = await withTasks([CALL, CALL]);
    const charts = chartsIn(await admin.page(`/?last=${span}`));
    expect(charts.map(({ title }) => title)).toEqual([
      "Tasks",
      "Waited for a thread",
      "Ran",
      "Began late",
    ]);
    const [{ at, lines }] = charts as [Chart];
    expect(at).toHaveLength(count);
    expect((at.at(-1) ?? 0) * 1_000).toBe(Math.floor(NOW / step) * step);
    const [pushed] = lines;
    expect(pushed?.label).toBe("pushed");
    expect(pushed?.values.at(-1)).toBe(2);
  });

  test("are a table too, for a reader without JavaScript", async () => {
    await using admin = await withTasks([CALL, CALL]);
    const html = await admin.page("/");
    expect(html).toMatch(/<details><summary>The same as a table<\/summary>/);
    expect(html).toMatch(/2024-02-29 12:00:00<\/time><\/th><td class="number">2<\/td>/);
    const empty = await withTasks();
    expect(await empty.page("/?last=day")).toContain("No task was pushed or ran.");
    await empty[Symbol.asyncDispose]();
  });

  test("are not sent again to a page that has them; /charts gives them alone", async () => {
    await using admin = await withTasks([CALL]);
    const again = await admin.page("/", { "hx-request": "true" });
    expect(again).toContain("hx-morph-skip");
    expect(chartsIn(again)).toEqual([]);
    const alone = await admin.page("/charts?last=week");
    expect(alone).toStartWith('<section id="charts"');
    expect(chartsIn(alone)).toHaveLength(4);
  });
});
