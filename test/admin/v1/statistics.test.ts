import { describe, expect, test } from "bun:test";
import { SeriesCounts } from "../../../src/statistics/counts.ts";
import { newTask } from "../../support/store.ts";
import { CALL, makeAdmin, NOW } from "../support.ts";

type Admin = ReturnType<typeof makeAdmin>;

const MINUTE = 60_000;
const STATISTICS = "/api/v1/statistics";

/** Runs of two queues in each of these minutes. */
async function withRuns({ store }: Admin, minutesAgo: readonly number[]): Promise<void> {
  await store.register({ id: "w", pid: 1, threads: 1, queues: [] });
  for (const [index, ago] of minutesAgo.entries()) {
    const counts = new SeriesCounts();
    const sale = counts.of({ queue: "default", model: "sale", method: "process" });
    sale.ends.finished = 60;
    sale.measures.run.add(12.5);
    const mail = counts.of({ queue: "mail", model: "mail", method: "send" });
    Object.assign(mail.ends, { finished: 5, failed: 1, retried: 2 });
    mail.measures.late_end.add(90_000);
    Object.assign(counts.of({ queue: "mail", model: "mail", method: "sort" }).ends, {
      finished: 1,
    });
    const at = NOW - ago * MINUTE;
    await store.statistics.add({ worker: "w", number: index + 1, at, counts });
  }
  await store.unregister("w");
}

describe("statistics", () => {
  test("are grouped by queue, or for one queue by task, with the failures", async () => {
    await using admin = makeAdmin();
    await withRuns(admin, [70, 2, 1]);
    const { status, body } = await admin.get(STATISTICS);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      since: "2024-02-29T11:00:00.000Z",
      until: "2024-02-29T12:00:00.000Z",
      queue: null,
      by: "queue",
      groups: [
        { queue: "default", runs: 120, ended: 120, run: { count: 2, mean: 12.5 }, wait: null },
        { queue: "mail", runs: 18, finished: 12, failed: 2, retried: 4 },
      ],
      failures: [
        { queue: "mail", model: "mail", method: "send", failed: 2, retried: 4, crashed: 0 },
      ],
    });
    const ofMail = await admin.get(`${STATISTICS}?queue=mail&last=day`);
    expect(ofMail.body).toMatchObject({
      queue: "mail",
      by: "task",
      groups: [
        { model: "mail", method: "send", finished: 15, late_end: { worst: 90_000 } },
        { model: "mail", method: "sort", finished: 3 },
      ],
    });
  });

  test("are grouped by hour, the earliest first", async () => {
    await using admin = makeAdmin();
    await withRuns(admin, [70, 2, 1]);
    const { body } = await admin.get(`${STATISTICS}?last=day&by=hour`);
    expect(body.groups).toMatchObject([
      { at: "2024-02-29T10:00:00.000Z", runs: 69 },
      { at: "2024-02-29T11:00:00.000Z", runs: 138 },
    ]);
  });
});

describe("a series", () => {
  test("has every step, with what was pushed and what ran", async () => {
    await using admin = makeAdmin();
    const { store } = admin;
    await withRuns(admin, [59, 2, 1]);
    await admin.post("/api/v1/tasks", [CALL, CALL]);
    const { status, body } = await admin.get(`${STATISTICS}/series`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      since: "2024-02-29T11:00:00.000Z",
      until: "2024-02-29T12:00:00.000Z",
      queue: null,
      step: MINUTE,
    });
    expect(body.steps).toHaveLength(61);
    expect(body.steps[0]).toMatchObject({ at: body.since, runs: 0, wait: null, pushed: 0 });
    expect(body.steps[1]).toMatchObject({ runs: 69, finished: 66, failed: 1, run: { p50: 12.5 } });
    expect(body.steps.at(-1)).toMatchObject({ at: body.until, runs: 0, pushed: 2 });
    await store.cancel(1);
    await store.delete(1);
    const { steps } = (await admin.get(`${STATISTICS}/series`)).body;
    expect(steps[0].pushed).toBeNull();
  });

  test("of one queue has its runs, in steps that are asked for", async () => {
    await using admin = makeAdmin();
    await withRuns(admin, [59, 2, 1]);
    await admin.store.push([newTask()]);
    const { body } = await admin.get(`${STATISTICS}/series?last=2h&step=30m&queue=mail`);
    const seen = (body.steps as { at: string; runs: number; pushed: null }[]).map((step) => [
      step.at.slice(11, 16),
      step.runs,
      step.pushed,
    ]);
    expect(seen).toEqual([
      ["10:00", 0, null],
      ["10:30", 0, null],
      ["11:00", 9, null],
      ["11:30", 18, null],
      ["12:00", 0, null],
    ]);
  });

  test.each([
    ["hour", 60_000],
    ["day", 15 * MINUTE],
    ["week", 120 * MINUTE],
    ["30d", 720 * MINUTE],
    ["366d", 4 * 1440 * MINUTE],
  ])(
    "of the last %s has steps of %d ms, so that a chart has about a hundred",
    async (last, step) => {
      await using admin = makeAdmin();
      const { body } = await admin.get(`${STATISTICS}/series?last=${last}`);
      expect(body.step).toBe(step);
      expect(body.steps.length).toBeLessThanOrEqual(102);
    },
  );
});

test.each([
  ["?last=soon", 'Cannot show statistics: last: "soon" is not a length of time'],
  ["?last=10s", "Cannot show statistics: last cannot be"],
  ["?by=tasks", 'Cannot show statistics: by cannot be "tasks"'],
  ["?by=queue&by=task", "Cannot show statistics: by is given twice"],
  ["?queu=a", 'Cannot show statistics: "queu" is not a field; did you mean "queue"?'],
  ["?queue=", "Cannot show statistics: queue cannot be"],
  ["/series?step=90s", "Cannot show statistics: step cannot be 1 min 30 s: it must be a number"],
  ["/series?step=0s", "Cannot show statistics: step cannot be 0"],
  ["/series?last=day&step=1m", "Cannot show statistics: step cannot be 1 min: more than 500"],
  ["/series?last=9d&step=90m", "Cannot show statistics: step cannot be 1 h 30 min: statistics of"],
])("statistics refuse %s with a sentence", async (query, sentence) => {
  await using admin = makeAdmin();
  const { status, body } = await admin.get(STATISTICS + query);
  expect(status).toBe(422);
  expect(body.detail).toStartWith(sentence);
});
