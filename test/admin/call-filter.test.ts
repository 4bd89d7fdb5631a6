/** `call` in the filter of a request: a model and a method, as lists show them. */
import { expect, test } from "bun:test";
import { CALL, CATALOG, makeAdmin } from "./support.ts";

const catalog = () => ({ ...CATALOG, report: null });
const REPORT = { model: "report" };
const MAIL = { ...CALL, model: "ir.mail", method: "send" };

test.each(["/api/tasks", "/api/v1/tasks"])("%s lists the tasks of a call", async (path) => {
  await using admin = makeAdmin({ catalog });
  await admin.post("/api/tasks", [CALL, MAIL, REPORT]);
  const ids = async (query: string) => {
    const { body } = await admin.get(`${path}?${query}`);
    const tasks = body.tasks ?? body;
    return tasks.map((task: { id: number }) => task.id) as number[];
  };
  expect(await ids("call=ir.mail.send")).toEqual([2]);
  expect(await ids("call=ir.*.s*&queue=default")).toEqual([2]);
  expect(await ids("call=report")).toEqual([3]);
  expect(await ids("call=ir.mail")).toEqual([]);
});

test("the tasks of a call are cancelled, and no others", async () => {
  await using admin = makeAdmin();
  await admin.post("/api/tasks", [CALL, MAIL]);
  const { body } = await admin.post("/api/v1/tasks/cancel?state=ready&call=ir.mail.send");
  expect(body).toMatchObject({ matched: 1, moved: 1 });
  expect((await admin.store.get(2))?.state).toBe("cancelled");
});

test.each([
  ["call=.check", 'call cannot be ".check": it must be a call as tq list shows it'],
  ["call=", 'call cannot be ""'],
  ["call=sale.check&model=sale", "call says the model and the method: leave out model and method"],
  ["call=a&call=b", "call is given twice"],
])("a list is refused with ?%s", async (query, sentence) => {
  await using admin = makeAdmin();
  const { status, body } = await admin.get(`/api/tasks?${query}`);
  expect(status).toBe(422);
  expect(body.error.message).toStartWith("Cannot list tasks: ");
  expect(body.error.message).toContain(sentence);
});
