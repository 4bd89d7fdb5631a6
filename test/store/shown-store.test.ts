/** A store that shows tasks without their secrets: what it finds, and what it leaves to the store below. */
import { describe, expect, test } from "bun:test";
import { shownStore } from "../../src/store/shown/shown-store.ts";
import { errorOf } from "../support/error.ts";
import { makeStore, newTask } from "../support/store.ts";

const PIN = '[{"pin":"8765","to":"ann"},"token-4321"]';

async function shop() {
  const made = makeStore();
  const { store } = made;
  await store.push([
    newTask({ model: "card", method: "charge", args: PIN }),
    newTask({ model: "sale", method: "process", args: PIN }),
  ]);
  await store.redactions.declare(["card"], { card: { charge: ["pin", 1] } });
  return Object.assign(made, { shown: shownStore(store, []) });
}

test("shows the marks of a model on its own tasks alone, and at once", async () => {
  await using made = await shop();
  const args = async () => (await made.shown.list()).map((task) => task.args);
  const plain = JSON.parse(PIN) as unknown;
  expect(await args()).toEqual([plain, [{ pin: "[redacted]", to: "ann" }, "[redacted]"]]);
  await made.store.redactions.declare(["card", "sale"], { sale: { "*": ["to"] } });
  expect(await args()).toEqual([[{ pin: "8765", to: "[redacted]" }, "token-4321"], plain]);
  expect((await made.store.list()).map((task) => task.args)).toEqual([plain, plain]);
});

describe("a condition on a marked field", () => {
  const where = [{ root: "args", path: ["pin"], isOneOf: ['"8765"'] }] as const;

  test("is refused, also to find ids, to count and to move", async () => {
    await using made = await shop();
    const looks = [
      () => made.shown.list({ where }),
      () => Array.fromAsync(made.shown.matching({ where })),
      () => made.shown.countBefore({ where }, 100),
      () => made.shown.list({ where, model: "card" }),
      () => made.shown.list({ where, model: "c*" }),
    ];
    for (const look of looks) {
      expect(await errorOf(look())).toMatchObject({ code: "invalid" });
    }
  });

  test("is no condition on a secret where the filter names another model", async () => {
    await using made = await shop();
    expect(await made.shown.list({ where, model: "sale" })).toHaveLength(1);
  });
});

test("a marked argument, or text of it, finds the tasks alone in which it is no secret", async () => {
  await using made = await shop();
  const isToken = [{ root: "args", path: [1], isOneOf: ['"token-4321"'] }] as const;
  for (const filter of [{ where: isToken }, { argsHave: "TOKEN-43" }]) {
    const found = await made.shown.list(filter);
    expect(found.map(({ model }) => model)).toEqual(["sale"]);
    const ids = (await Array.fromAsync(made.shown.matching(filter))).flatMap((part) => part.found);
    expect(ids).toEqual([2]);
    expect(await made.shown.countBefore(filter, 100)).toEqual({ count: 1, isAll: true });
  }
  expect(await made.shown.list({ argsHave: "ann" })).toHaveLength(2);
});

test("what nothing marks is the store's own answer", async () => {
  await using made = makeStore();
  const { store } = made;
  const [id = 0] = await store.push([newTask({ args: PIN })]);
  const shown = shownStore(store, []);
  expect(await shown.get(id)).toEqual(await store.get(id));
  expect(await shown.list({ argsHave: "8765" })).toHaveLength(1);
  expect((await shown.redactions.inForce()).isEmpty).toBe(true);
});
