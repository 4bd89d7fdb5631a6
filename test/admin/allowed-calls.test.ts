import { describe, expect, test } from "bun:test";
import { FUNCTION_METHOD } from "../../src/task.ts";
import { withTasks } from "./pages/person.ts";
import { serve } from "./server.ts";
import { CALL, makeAdmin } from "./support.ts";

const catalog = () => ({ sale: ["process", "print"], label: null });

describe("a push with a list of what may be pushed", () => {
  test.each(["/api/tasks", "/api/v1/tasks"])(
    "is refused at %s where it is not in it",
    async (path) => {
      await using admin = makeAdmin({ catalog, pushable: ["sale.pr*t", "label"] });
      const refused = await admin.post(path, [{ ...CALL, method: "print" }, CALL]);
      expect(refused.status).toBe(403);
      const { code, message, detail } = refused.body.error ?? refused.body;
      expect(code).toBe("forbidden");
      expect(message ?? detail).toBe(
        "Cannot push sale.process: admin.push of the server does not list it, so no request may push it; add it there, or push it by the command line",
      );
      expect(await admin.store.list()).toEqual([]);
      expect((await admin.post(path, { ...CALL, method: "print" })).status).toBe(201);
      expect((await admin.post(path, { model: "label", args: [1] })).status).toBe(201);
    },
  );

  test("is refused before the names of other models are told", async () => {
    await using admin = makeAdmin({ catalog, pushable: ["label"] });
    const { status } = await admin.post("/api/tasks", { ...CALL, model: "sales" });
    expect(status).toBe(403);
  });

  test.each(["label.*", `label.${FUNCTION_METHOD}`])("takes a function as %s", async (pattern) => {
    await using admin = makeAdmin({ catalog, pushable: [pattern] });
    expect((await admin.post("/api/tasks", { model: "label" })).status).toBe(201);
  });

  test("warns at the start of names that fit nothing", async () => {
    await using server = await serve({ catalog, pushable: ["sale.*", "lable"] });
    const notes = server.events.flatMap((event) =>
      event.name === "log.note" ? event.message : [],
    );
    expect(notes).toEqual([
      'admin.push has "lable", which lets nothing in: no method has that name; did you mean "label"?',
    ]);
  });
});

describe("a recurring task with a list of what may be pushed", () => {
  const PRINT = { name: "prints", schedule: "@daily", task: "sale.print", instances: 7 };
  const CRON = "/api/v1/cron";
  const PATCH = { method: "PATCH" };

  async function withPrints() {
    const admin = await withTasks([], { catalog, pushable: ["label"] });
    const { name, ...said } = PRINT;
    const definition = JSON.stringify(said);
    await admin.store.cron.add("/shop/tq.toml", { name, definition });
    return admin;
  }

  test("is not added, nor edited to what is not in it", async () => {
    await using admin = await withPrints();
    const added = await admin.post(CRON, { ...PRINT, name: "other" });
    expect([added.status, added.body.code]).toEqual([403, "forbidden"]);
    const label = { name: "labels", schedule: "@daily", task: "label" };
    expect((await admin.post(CRON, label)).status).toBe(201);
    const body = JSON.stringify({ task: "sale.print", instances: 7 });
    expect((await admin.ask(`${CRON}/labels`, { ...PATCH, body })).status).toBe(403);
    const [row] = (await admin.store.cron.rows()).filter(({ name }) => name === "labels");
    expect(row?.override).toEqual({});
  });

  test("of a file is neither edited nor run by a request where it is not in it", async () => {
    await using admin = await withPrints();
    const body = JSON.stringify({ schedule: "every 1s" });
    expect((await admin.ask(`${CRON}/prints`, { ...PATCH, body })).status).toBe(403);
    expect((await admin.post(`${CRON}/prints/run`, {})).status).toBe(403);
    const answer = await admin.send("/recurring/prints/run", {});
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain("admin.push of the server does not list it");
    expect(await admin.store.list()).toEqual([]);
  });

  test("is paused and resumed by requests all the same", async () => {
    await using admin = await withPrints();
    expect((await admin.post(`${CRON}/prints/pause`, {})).status).toBe(200);
    expect((await admin.post(`${CRON}/prints/resume`, {})).status).toBe(200);
  });
});
