/** A push of a plain function by HTTP: it has neither method nor instances. */
import { describe, expect, test } from "bun:test";
import { CATALOG, makeAdmin, NOW } from "./support.ts";

const catalog = () => ({ ...CATALOG, thumbnail: null });
const PUSH = { model: "thumbnail", args: ["a.png", 200] };

describe("a push of a function", () => {
  test("answers with the id of its task", async () => {
    await using admin = makeAdmin({ catalog });
    const { status, body } = await admin.post("/api/tasks", PUSH);
    expect({ status, body }).toEqual({ status: 201, body: { id: 1 } });
    expect(await admin.store.get(1)).toMatchObject({
      model: "thumbnail",
      method: "call",
      instances: [],
      args: ["a.png", 200],
    });
  });

  test("takes null for its method and instances, options, and a place among other pushes", async () => {
    await using admin = makeAdmin({ catalog });
    const empty = { ...PUSH, method: null, instances: null };
    const { body } = await admin.post("/api/tasks", { ...empty, scheduled_at: "5m" });
    expect(body).toEqual({ id: 1, scheduled_at: NOW + 300_000 });
    const sale = { model: "sale", method: "process", instances: [7, 8] };
    expect((await admin.post("/api/tasks", [PUSH, sale])).body).toEqual({ ids: [2, 3] });
  });

  test.each([
    [
      { ...PUSH, method: "process", instances: 7 },
      404,
      "Cannot push thumbnail.process: thumbnail is a function, not a model: push it with its arguments alone, without a method and instances",
    ],
    [
      { ...PUSH, method: "call", instances: 7 },
      404,
      "Cannot push thumbnail.call: thumbnail is a function, not a model",
    ],
    [
      { model: "sale", args: [1] },
      404,
      "Cannot push sale: sale is a model, not a function: push one of its methods, such as process, print, with the instances that it is called on",
    ],
    [
      { ...PUSH, model: "tumbnail" },
      404,
      'there is no function "tumbnail"; did you mean "thumbnail"?',
    ],
    [{ ...PUSH, method: "call" }, 422, "instances is missing"],
    [{ ...PUSH, batch: 2 }, 422, "batch cannot be 2: it divides a list of records"],
    [{ ...PUSH, instances: 7 }, 422, "method is missing: it must be the name of a method"],
    [{ model: "sale", metod: "process" }, 422, '"metod" is not a field; did you mean "method"?'],
    [
      { ...PUSH, args: "a.png" },
      422,
      "args cannot be text of 5 characters: it must be a list of arguments",
    ],
    [{}, 422, "model is missing: it must be the name of a model"],
  ])("is refused: %j", async (push, status, sentence) => {
    await using admin = makeAdmin({ catalog });
    const answer = await admin.post("/api/tasks", push);
    expect(answer.status).toBe(status);
    expect(answer.body.error.message).toContain(sentence);
    expect(await admin.store.list()).toEqual([]);
  });
});
