import { describe, expect, test } from "bun:test";
import { parseSettings } from "../../../src/settings/config.ts";
import { withTasks } from "./person.ts";

const NIGHTLY = { name: "nightly", schedule: "30 2 * * *", task: "sale.process", instances: 7 };

async function withNightly() {
  const admin = await withTasks();
  await admin.post("/api/v1/cron", { ...NIGHTLY, time_zone: "Europe/Berlin", overlap: "skip" });
  return admin;
}

describe("the page of recurring tasks", () => {
  test("says when each comes, and what became of it last", async () => {
    await using admin = await withNightly();
    const html = await admin.page("/recurring");
    expect(html).toContain('<a href="/recurring/nightly">nightly</a>');
    expect(html).toContain("At 02:30");
    expect(html).toContain('datetime="2024-03-01T01:30:00.000Z"');
    expect(html).toContain("No worker is running: no slot pushes its task until one starts.");
  });

  test("has those that only tq.toml has", async () => {
    const config = parseSettings({ cron: { hourly: { schedule: "@hourly", task: "f" } } }, "x");
    await using admin = await withTasks([], { config: { ...config, file: "/srv/tq.toml" } });
    expect(await admin.page("/recurring")).toContain("not taken up yet");
    expect(await admin.page("/recurring/hourly")).toContain("Every hour");
  });
});

describe("the page of a recurring task", () => {
  test("tells the next ten times, and what the change of the clock does", async () => {
    await using admin = await withNightly();
    const html = await admin.page("/recurring/nightly");
    const times = html.matchAll(/<td>(\d{4}-\d\d-\d\d 02:30:00 \+01:00)<\/td>/g);
    expect([...times]).toHaveLength(10);
    expect(html).toContain("2024-03-31");
    expect(html).toContain("It has not come yet.");
  });

  test("pauses with a reason and an end, and resumes", async () => {
    await using admin = await withNightly();
    const pause = { reason: "<stocktaking>", until: "2h" };
    expect((await admin.send("/recurring/nightly/pause", pause)).status).toBe(303);
    const html = await admin.page("/recurring/nightly");
    expect(html).toContain("paused by tq.token since");
    expect(html).toContain("&lt;stocktaking&gt;");
    const [row] = await admin.store.cron.rows();
    expect(row?.override.pause).toMatchObject({ until: admin.store.now() + 7_200_000 });
    await admin.send("/recurring/nightly/resume", {});
    expect(await admin.page("/recurring/nightly")).not.toContain("paused by");
  });

  test("shows both times of a pause in the zone of the reader", async () => {
    await using admin = await withNightly();
    const pause = { reason: "toner", until: "2h" };
    expect((await admin.send("/recurring/nightly/pause", pause)).status).toBe(303);
    for (const path of ["/recurring", "/recurring/nightly"]) {
      expect(await admin.page(path)).toMatch(
        /paused by tq.token since <time [^>]*>2024-02-29 12:00:00<\/time> until <time [^>]*>2024-02-29 14:00:00<\/time>: toner/,
      );
    }
  });

  test("refuses an end that is none, and pauses nothing", async () => {
    await using admin = await withNightly();
    const answer = await admin.send("/recurring/nightly/pause", { until: "soon" });
    expect(answer.status).toBe(422);
    const html = await answer.text();
    expect(html).toMatch(/role="alert">⚠ Cannot pause nightly: until.*<form [^>]*id="pause"/s);
    expect(html).toContain('name="until" value="soon"');
    const [row] = await admin.store.cron.rows();
    expect(row?.override).toEqual({});
  });

  test("runs it now and leads to the task; again where that has not ended only if told so", async () => {
    await using admin = await withNightly();
    const run = await admin.send("/recurring/nightly/run", {});
    expect(run.headers.get("location")).toBe("/tasks/1");
    const html = await admin.page("/recurring/nightly");
    expect(html).toContain('<a href="/tasks/1">1</a>');
    expect((await admin.send("/recurring/nightly/run", {})).status).toBe(409);
    const forced = await admin.send("/recurring/nightly/run", { force: "yes" });
    expect(forced.headers.get("location")).toBe("/tasks/2");
  });

  test("that is not known answers so, with the near name", async () => {
    await using admin = await withNightly();
    expect(await admin.statusOf("/recurring/nightli")).toBe(404);
    expect(await admin.page("/recurring/nightli")).toContain("nightly");
  });
});
