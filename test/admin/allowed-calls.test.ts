import { describe, expect, test } from "bun:test";
import { FUNCTION_METHOD } from "../../src/task.ts";
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
