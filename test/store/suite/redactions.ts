/** The marks of models in every store. */
import { expect, test } from "bun:test";
import { newTask } from "../../support/store.ts";
import { store, subject } from "./subject.ts";

const PIN = { card: { "*": ["pin"] } };

export function redactionTests(): void {
  test("the marks of models are kept, and those of others stay", async () => {
    await store.redactions.declare(["card"], PIN);
    await store.redactions.declare(["sale"], { sale: { process: [0] } });
    const other = subject.open();
    expect(await other.redactions.declared()).toEqual({ ...PIN, sale: { process: [0] } });
  });

  test("a model that marks nothing any more has no marks", async () => {
    await store.redactions.declare(["card"], PIN);
    await store.redactions.declare(["card", "sale"], {});
    expect(await store.redactions.declared()).toEqual({});
  });

  test("the store itself conceals nothing", async () => {
    await store.redactions.declare(["card"], PIN);
    const [id = 0] = await store.push([newTask({ model: "card", args: '[{"pin":"1234"}]' })]);
    const redaction = await store.redactions.inForce();
    expect(redaction.isEmpty).toBe(true);
    expect((await store.get(id))?.args).toEqual([{ pin: "1234" }]);
  });
}
