import { writeFileSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { digestOf } from "../../../src/admin/access/tokens.ts";
import { CLEAN } from "../../../src/cron/own.ts";
import { loadConfig } from "../../../src/settings/config.ts";
import { makeFolder } from "../../support/folder.ts";
import { makeAdmin } from "../support.ts";

type Admin = ReturnType<typeof makeAdmin>;

const CRON = "/api/v1/cron";
const NIGHTLY = { name: "nightly", schedule: "30 2 * * *", task: "sale.process", instances: 7 };
const ZONE = { time_zone: "Europe/Berlin" };

function patch({ ask }: Admin, name: string, body: unknown) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return ask(`${CRON}/${name}`, { method: "PATCH", body: text });
}

/** An admin API whose tq.toml has this text. */
function withFile(toml: string) {
  const folder = makeFolder();
  const file = folder.file("tq.toml");
  writeFileSync(file, toml);
  const admin = makeAdmin({ config: loadConfig({ cwd: folder.path, env: {} }) });
  return {
    admin,
    file,
    async [Symbol.asyncDispose]() {
      await admin[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

describe("a recurring task", () => {
  test("is added, listed, explained and removed", async () => {
    await using admin = makeAdmin();
    const added = await admin.post(CRON, { ...NIGHTLY, ...ZONE });
    expect(added.status).toBe(201);
    expect(added.headers.get("location")).toBe(`${CRON}/nightly`);
    expect(added.body).toMatchObject({
      name: "nightly",
      schedule: "30 2 * * *",
      words: "At 02:30",
      time_zone: "Europe/Berlin",
      task: "sale.process",
      next: "2024-03-01T01:30:00.000Z",
      origin: "database",
    });
    const { body: list } = await admin.get(CRON);
    const signs = { in_database: true, outdated: false, lacks_instances: false };
    expect(list.recurring).toEqual([{ ...added.body, ...signs }]);
    expect(list.notes).toEqual([
      expect.stringContaining("Recurring tasks are held until the clock is right"),
      "No worker is running: no slot pushes its task until one starts",
    ]);
    const { body } = await admin.get(`${CRON}/nightly`);
    expect(body).toMatchObject({ ...list.recurring[0] });
    expect(body.explanation.next).toHaveLength(10);
    expect(body.explanation.next[0]).toEqual({
      slot: "2024-03-01T01:30:00.000Z",
      time: "2024-03-01T02:30:00+01:00",
    });
    const [spring] = body.explanation.clock_changes;
    expect(spring).toMatchObject({
      at: "2024-03-31T01:00:00.000Z",
      touches: true,
      lost: ["2024-03-31T02:30"],
    });
    const removed = await admin.ask(`${CRON}/nightly`, { method: "DELETE" });
    expect(removed.body).toEqual({ name: "nightly", removed: true });
    const gone = await admin.get(`${CRON}/nightly`);
    expect({ status: gone.status, code: gone.body.code }).toEqual({
      status: 404,
      code: "not_found",
    });
  });

  test("of a function is refused instances, also those of a method that is edited to it", async () => {
    await using admin = makeAdmin({ catalog: () => ({ sale: ["process"], label: null }) });
    const why =
      "label is a function, which is called on no records; say no instances, or [] in their place";
    for (const instances of [[1], 7]) {
      const added = await admin.post(CRON, { ...NIGHTLY, task: "label", instances });
      expect([added.status, added.body.detail]).toEqual([422, `Cannot add nightly: ${why}`]);
    }
    await admin.post(CRON, NIGHTLY);
    const edited = await patch(admin, "nightly", { task: "label" });
    expect([edited.status, edited.body.detail]).toEqual([422, `Cannot edit nightly: ${why}`]);
    expect((await patch(admin, "nightly", { task: "label", instances: [] })).status).toBe(200);
    const { body } = await admin.post(`${CRON}/nightly/run`, {});
    expect(body.task).toMatchObject({ model: "label", instances: [] });
  });

  test("is edited and reset, and the answer tells what it was", async () => {
    await using admin = makeAdmin();
    await admin.post(CRON, NIGHTLY);
    const edited = await patch(admin, "nightly", { schedule: "0 3 * * *", queue: "slow" });
    expect(edited.status).toBe(200);
    const before = { schedule: "30 2 * * *", queue: null };
    expect(edited.body).toMatchObject({
      schedule: "0 3 * * *",
      queue: "slow",
      edited: { schedule: "0 3 * * *", queue: "slow" },
      was: before,
    });
    const reset = await admin.post(`${CRON}/nightly/reset`);
    expect(reset.body).toMatchObject({ schedule: "30 2 * * *", edited: null });
    expect(reset.body.was).toEqual({ schedule: "0 3 * * *", queue: "slow" });
    expect((await admin.post(`${CRON}/nightly/reset`)).body.was).toEqual({});
  });

  test("is paused with an end, and resumed", async () => {
    await using admin = makeAdmin();
    await admin.post(CRON, NIGHTLY);
    const pause = { by: "ana@till3", reason: "stocktaking" };
    const paused = await admin.post(`${CRON}/nightly/pause`, { ...pause, until: "2d" });
    expect(paused.body.pause).toEqual({
      ...pause,
      at: "2024-02-29T12:00:00.000Z",
      until: "2024-03-02T12:00:00.000Z",
    });
    expect((await admin.post(`${CRON}/nightly/resume`)).body.pause).toBeNull();
    expect((await admin.post(`${CRON}/nightly/resume`)).status).toBe(200);
  });

  test("is run by hand, which its history tells", async () => {
    await using admin = makeAdmin();
    await admin.post(CRON, { ...NIGHTLY, overlap: "skip" });
    const { status, body } = await admin.post(`${CRON}/nightly/run`, { by: "ana@till3" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ name: "nightly", task: { id: 1, state: "ready", model: "sale" } });
    const slot = "2024-02-29T12:00:00.000Z";
    const { body: history } = await admin.get(`${CRON}/nightly/history?limit=5`);
    expect(history.slots).toEqual([
      {
        slot,
        first_slot: null,
        outcome: "pushed",
        reason: "run by hand by ana@till3",
        decided_at: slot,
        task: 1,
        state: "ready",
      },
    ]);
    const again = await admin.post(`${CRON}/nightly/run`);
    expect({ status: again.status, code: again.body.code }).toEqual({
      status: 409,
      code: "conflict",
    });
    expect((await admin.post(`${CRON}/nightly/run`, { force: true })).body.task.id).toBe(2);
  });

  test("of tq itself is run without a task", async () => {
    await using admin = makeAdmin();
    const definition = JSON.stringify({ schedule: "every 1h", task: CLEAN, overlap: "skip" });
    await admin.store.cron.add("tq", { name: CLEAN, definition });
    expect((await admin.post(`${CRON}/${CLEAN}/run`)).body).toEqual({ name: CLEAN, task: null });
  });
});

describe("a change of a recurring task", () => {
  test.each([
    ["POST", "", {}, "Cannot add a recurring task: name is missing"],
    ["POST", "", { ...NIGHTLY, schedule: "61 * * * *" }, "Cannot add nightly: schedule"],
    [
      "POST",
      "",
      { ...NIGHTLY, task: "sale.proces" },
      "Cannot add nightly: cannot push sale.proces",
    ],
    ["PATCH", "/nightly", {}, "Cannot edit nightly: say what is to change"],
    ["PATCH", "/nightly", { schedul: "@daily" }, "Cannot edit nightly: schedul is not a key"],
    ["PATCH", "/nightly", { task: "sale.print2" }, "Cannot edit nightly: cannot push sale.print2"],
    ["PATCH", "/nightly", [1], "Cannot edit nightly: the body cannot be [1]"],
    ["POST", "/nightly/pause", { until: "" }, "Cannot pause nightly: until"],
    ["POST", "/nightly/pause", { until: "2024-01-01T00:00Z" }, "Cannot pause nightly until"],
    ["POST", "/nightly/pause", { reason: 7 }, "Cannot pause nightly: reason cannot be 7"],
    ["POST", "/nightly/run", { force: 1 }, "Cannot run nightly: force cannot be 1"],
    ["POST", "/nightli/run", {}, 'There is no recurring task "nightli"; did you mean "nightly"?'],
  ])(
    "%s %s %j is refused with a sentence, and nothing changes",
    async (method, path, body, why) => {
      await using admin = makeAdmin();
      await admin.post(CRON, NIGHTLY);
      const before = await admin.store.cron.rows();
      const answer = await admin.ask(CRON + path, { method, body: JSON.stringify(body) });
      expect([404, 422]).toContain(answer.status);
      expect(answer.body.detail).toStartWith(why);
      expect(await admin.store.cron.rows()).toEqual(before);
      expect(await admin.store.list()).toEqual([]);
    },
  );

  test("that has a number which JSON would lose is refused", async () => {
    await using admin = makeAdmin();
    await admin.post(CRON, NIGHTLY);
    const { status, body } = await patch(
      admin,
      "nightly",
      '{"args": [{"a": 12345678901234567890}]}',
    );
    expect(status).toBe(422);
    expect(body.detail).toBe(
      "Cannot edit nightly: args: the number 12345678901234567890 cannot be kept exactly; write it as text",
    );
  });
});

describe("a recurring task of tq.toml that no worker has taken up", () => {
  const TOML = `[cron.weekly]\nschedule = "@weekly"\ntask = "sale.print"\ninstances = 7\n`;

  test("is listed as the file is now, and shown", async () => {
    await using test = withFile(TOML);
    const { admin, file } = test;
    expect((await admin.get(CRON)).body.recurring).toMatchObject([
      { name: "weekly", origin: file, in_database: false },
    ]);
    writeFileSync(file, TOML.replace("@weekly", "@daily"));
    expect((await admin.get(`${CRON}/weekly`)).body).toMatchObject({ schedule: "@daily" });
    writeFileSync(file, "[cron");
    expect((await admin.get(`${CRON}/weekly`)).body).toMatchObject({ schedule: "@weekly" });
  });

  test("is put into the database by a change, and its name is taken", async () => {
    await using test = withFile(TOML);
    const { admin } = test;
    const taken = await admin.post(CRON, { ...NIGHTLY, name: "weekly" });
    expect(taken.status).toBe(409);
    await admin.post(`${CRON}/weekly/pause`);
    expect((await admin.get(CRON)).body.recurring).toMatchObject([
      { name: "weekly", in_database: true, outdated: false, pause: { until: null } },
    ]);
  });
});

test("a recurring task of the models is listed before a worker has taken it up, and edited", async () => {
  const definition = JSON.stringify({ schedule: "@hourly", task: "sale.print", instances: 7 });
  const models = { path: "/shop/models.ts", definitions: [{ name: "hourly", definition }] };
  const crons = () => [{ ...models, onRecords: ["sale.print"] }];
  await using admin = makeAdmin({ crons });
  expect((await admin.get(CRON)).body.recurring).toMatchObject([
    { name: "hourly", origin: "/shop/models.ts", in_database: false },
  ]);
  const refused = await patch(admin, "hourly", { instances: [] });
  expect(refused.body.detail).toBe(
    "Cannot edit hourly: sale.print is called on records; say their ids as instances",
  );
  const { body } = await patch(admin, "hourly", { schedule: "@daily" });
  expect(body).toMatchObject({ schedule: "@daily", edited: { schedule: "@daily" } });
  expect((await admin.get(CRON)).body.recurring).toMatchObject([
    { name: "hourly", in_database: true, outdated: false },
  ]);
});

test("a token that may only read changes no recurring task", async () => {
  await using admin = makeAdmin();
  await admin.post(CRON, NIGHTLY);
  const token = "reader-token-reader-token-reader-token-reader";
  await admin.store.tokens.add({ name: "reader", roles: ["read"] }, digestOf(token));
  const headers = { authorization: `Bearer ${token}` };
  const look = await admin.ask(`${CRON}/nightly`, { headers });
  const run = await admin.ask(`${CRON}/nightly/run`, { headers, method: "POST" });
  expect([look.status, run.status]).toEqual([200, 403]);
  expect(await admin.store.list()).toEqual([]);
});
