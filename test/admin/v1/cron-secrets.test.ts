import { describe, expect, test } from "bun:test";
import { DATABASE_ORIGIN } from "../../../src/cron/ledger.ts";
import { makeAdmin } from "../support.ts";

const CRON = "/api/v1/cron";
const MARKS = { card: { charge: ["cvv", 1], refund: ["cvv", 1] } };
const CATALOG = { card: ["charge", "refund", "list"], print_label: null };
const ARGS = [{ amount: 5, cvv: "CVVSECRET" }, "PINSECRET"];
const PAY = { name: "pay", schedule: "@daily", task: "card.charge" };
const WHY =
  "Cannot edit pay: the secrets of card.charge in its args would be shown; say the args anew";

function withMarks() {
  const admin = makeAdmin({ marks: MARKS, catalog: () => CATALOG });
  const patch = (body: object) =>
    admin.ask(`${CRON}/pay`, { method: "PATCH", body: JSON.stringify(body) });
  return { ...admin, patch };
}

describe("the secrets of a recurring task", () => {
  test("do not go to a method that would show them", async () => {
    await using admin = withMarks();
    await admin.post(CRON, { ...PAY, args: ARGS });
    for (const task of ["print_label", "card.list"]) {
      const { status, body } = await admin.patch({ task });
      expect([status, body.detail]).toEqual([422, WHY]);
    }
    const { body } = await admin.post(`${CRON}/pay/run`, {});
    expect(body.task).toMatchObject({ model: "card", method: "charge" });
    expect(JSON.stringify(body)).not.toContain("SECRET");
  });

  test("do not go with another method that was edited before either", async () => {
    await using admin = withMarks();
    await admin.post(CRON, PAY);
    await admin.patch({ args: ARGS });
    expect((await admin.patch({ task: "print_label" })).status).toBe(422);
    const edited = await admin.patch({ task: "print_label", args: ["A4"] });
    expect(edited.status).toBe(200);
    const texts = [edited.body, (await admin.get(`${CRON}/pay`)).body];
    texts.push((await admin.post(`${CRON}/pay/reset`)).body);
    expect(JSON.stringify(texts)).not.toContain("SECRET");
  });

  test("stay with a method that marks them the same", async () => {
    await using admin = withMarks();
    await admin.post(CRON, { ...PAY, args: ARGS });
    expect((await admin.patch({ task: "card.refund" })).status).toBe(200);
    const [row] = await admin.store.cron.rows();
    expect(row?.override).toEqual({ task: "card.refund" });
  });

  test("are not told by a context that quoted them, once other arguments are said", async () => {
    await using admin = withMarks();
    await admin.post(CRON, { ...PAY, args: ARGS, context: { note: "pin PINSECRET" } });
    const { status, body } = await admin.patch({ args: [{}, "other"] });
    expect([status, body.detail]).toEqual([422, WHY.replace(/args/g, "context")]);
  });

  test("are not shown as its file comes to say another method", async () => {
    await using admin = withMarks();
    await admin.store.redactions.declare(Object.keys(MARKS), MARKS);
    const source = (said: object) => {
      const definition = JSON.stringify({ schedule: "@daily", ...said });
      return { origin: "/shop/tq.toml", definitions: [{ name: "pay", definition }] };
    };
    await admin.store.cron.define(source({ task: "card.charge" }));
    await admin.patch({ args: ARGS, queue: "slow" });
    await admin.store.cron.define(source({ task: "print_label" }));
    const [row] = await admin.store.cron.rows();
    expect(row?.override).toEqual({ queue: "slow" });
    await admin.patch({ task: "card.list" });
    await admin.store.cron.define(source({ task: "card.charge", args: ARGS }));
    const [later] = await admin.store.cron.rows();
    expect(later?.override).toEqual({ queue: "slow" });
  });

  test("do not come back with its name as it is added after its file took it away", async () => {
    await using admin = withMarks();
    const definition = JSON.stringify({ schedule: "@daily", task: "card.charge" });
    const source = { origin: "/shop/tq.toml", definitions: [{ name: "pay", definition }] };
    await admin.store.cron.define(source);
    await admin.patch({ args: ARGS });
    await admin.store.cron.define({ ...source, definitions: [] });
    await admin.post(CRON, { ...PAY, task: "print_label" });
    const [row] = await admin.store.cron.rows();
    expect(row).toMatchObject({ origin: DATABASE_ORIGIN, override: {} });
  });
});
