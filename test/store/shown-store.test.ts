/** A store that shows tasks without their secrets: what it finds, and what it leaves to the store below. */
import { describe, expect, test } from "bun:test";
import type { ReadFilter } from "../../src/store/looking.ts";
import { shownStore } from "../../src/store/shown/shown-store.ts";
import { failedGroups } from "../../src/tasks/failed-groups.ts";
import { findAll, moveAll } from "../../src/tasks/many.ts";
import { errorOf } from "../support/error.ts";
import { makeStore, newTask, OWNER } from "../support/store.ts";

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

describe("the filter of an error", () => {
  const fail = async (made: Awaited<ReturnType<typeof shop>>, messages: readonly string[]) => {
    await made.store.write(async (session) => {
      const claims = await session.claim({ owner: OWNER, queues: [], limit: messages.length });
      for (const [at, claim] of claims.entries()) {
        const error = { name: "Error", message: messages[at] ?? "", stack: null };
        await session.settle(claim, { kind: "failed", error });
      }
    });
  };
  const bySecret = { error: "Error: no token-4321 here" };
  const asShown = { error: "Error: no [redacted] here" };

  test("finds a task with secrets by what is shown of it alone", async () => {
    await using made = await shop();
    await fail(made, ["no token-4321 here\nat 7", "no token-4321 here"]);
    const idsOf = async (filter: ReadFilter) => (await made.shown.list(filter)).map(({ id }) => id);
    expect(await idsOf(bySecret)).toEqual([2]);
    expect(await idsOf(asShown)).toEqual([1]);
    expect(await idsOf({ ...asShown, states: ["finished"] })).toEqual([]);
    expect(await idsOf({ ...asShown, reasonHas: "Error: no TOKEN" })).toEqual([]);
    expect(await idsOf({ ...asShown, reasonHas: "[redacted] here" })).toEqual([1]);
    expect(await findAll(made.shown, bySecret)).toEqual([2]);
    expect(await findAll(made.shown, asShown)).toEqual([1]);
    expect(await made.shown.countBefore(bySecret, 100)).toEqual({ count: 1, isAll: true });
  });

  test("moves what it finds, unless it has failed otherwise since", async () => {
    await using made = await shop();
    await fail(made, ["no token-4321 here", "no token-4321 here"]);
    const retry = { kind: "retry" } as const;
    expect(await made.shown.moveMany(retry, [1, 2], { error: "Error: other" })).toBe(0);
    expect(await made.shown.moveMany(retry, [1, 2], asShown)).toBe(1);
    expect((await made.shown.get(1))?.state).toBe("ready");
    expect(await moveAll(made.shown, retry, bySecret)).toBe(1);
  });

  test.each([
    ["in the middle", `no token-4321${" here".repeat(200)}`],
    ["where the line is cut", `${"x".repeat(285)} token-4321 here`],
    ["at the beginning", "token-4321"],
  ])("finds each group that is shown, with a secret %s", async (_name, message) => {
    await using made = await shop();
    await fail(made, [message, message]);
    const { groups } = await failedGroups(made.shown);
    expect(groups).toHaveLength(2);
    for (const { model, error } of groups) {
      expect(await made.shown.list({ error })).toMatchObject([{ model }]);
    }
  });
});

describe("a search among tasks with secrets", () => {
  const filter = { argsHave: "ann", model: "card" };
  const many = async () => {
    const made = await shop();
    const task = newTask({ model: "card", method: "charge", args: PIN });
    await made.store.push(Array.from({ length: 149 }, () => task));
    return made;
  };

  test("finds, counts and moves all of them, not the first hundred", async () => {
    await using made = await many();
    expect(await findAll(made.shown, filter)).toHaveLength(150);
    expect(await made.shown.countBefore(filter, 1_000)).toEqual({ count: 150, isAll: true });
  });

  test("finds the masked text that is shown", async () => {
    await using made = await shop();
    expect(await made.shown.list({ argsHave: '"pin":"[redacted]"' })).toMatchObject([{ id: 1 }]);
    expect(await made.shown.list({ argsHave: "[redacted]" })).toMatchObject([{ id: 1 }]);
  });

  test.each([
    { root: "args", path: ["note"], isOneOf: ['"of [redacted]!"'] },
    { root: "args", path: ["note"], has: "OF [redacted]" },
    { root: "args", path: ["by", "[redacted]"], isOneOf: ["1"] },
    { root: "args", path: ["number"], isOneOf: ['"[redacted]"'] },
  ] as const)("finds by the masked value that is shown: %j", async (condition) => {
    await using made = await shop();
    const args = [{ note: "of 87654321!", by: { "87654321": 1 }, number: 87654321 }, 87654321];
    const others = [{ note: "of none!", by: {}, number: 5 }, 87654321];
    const tasks = [args, others].map((it) =>
      newTask({ model: "card", method: "charge", args: JSON.stringify(it) }),
    );
    const [id] = await made.store.push(tasks);
    expect(await made.shown.list({ where: [condition] })).toMatchObject([{ id }]);
  });

  test("lists as many as its limit, though others with a secret lie between them", async () => {
    await using made = await many();
    await made.store.push(
      Array.from({ length: 20 }, () =>
        newTask({ model: "card", method: "charge", args: '[{"pin":"ann-1234"}]' }),
      ),
    );
    const found = await made.shown.list({ ...filter, limit: 3 });
    expect(found.map(({ id }) => id)).toEqual([151, 150, 149]);
  });
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
