/** Filters of tasks: what each part of one means. */
import { describe, expect, test } from "bun:test";
import type { PathCondition, ReadFilter } from "../../../src/store/looking.ts";
import type { NewTask } from "../../../src/task.ts";
import { findAll } from "../../../src/tasks/many.ts";
import { claimFirst, newTask, pushOne } from "../../support/store.ts";
import { clock, finish, store } from "./subject.ts";

export async function push(...tasks: Partial<NewTask>[]): Promise<number[]> {
  return store.push(tasks.map((task) => newTask(task)));
}

/** The ids of a list, the first one first; a search for the ids must find the same. */
async function found(filter: ReadFilter): Promise<number[]> {
  const ids = (await store.list(filter)).map(({ id }) => id);
  expect(await findAll(store, filter)).toEqual(ids);
  return ids.toReversed();
}

/** Which of these arguments a condition on them finds, by their places. */
async function matching(condition: Omit<PathCondition, "root">, ...args: unknown[]) {
  const ids = await push(...args.map((one) => ({ args: JSON.stringify([one]) })));
  const hits = await found({ where: [{ root: "args", ...condition }] });
  return hits.map((id) => ids.indexOf(id)).filter((at) => at >= 0);
}

export async function ended(task: Partial<NewTask> = {}): Promise<number> {
  const id = await pushOne(store, { priority: 1, ...task });
  await finish(await claimFirst(store));
  return id;
}

export function filterTests(): void {
  describe("a filter", () => {
    test("finds names, and patterns in which a bracket is itself", async () => {
      const [a, b, c] = await push(
        { queue: "mail", model: "sale", method: "process" },
        { queue: "mail-slow", model: "sale.line", method: "check" },
        { queue: "[m]ail", model: "party", method: "process" },
      );
      expect(await found({ queue: "mail" })).toEqual([a as number]);
      expect(await found({ queue: "mail*" })).toEqual([a as number, b as number]);
      expect(await found({ queue: "?m]*" })).toEqual([c as number]);
      expect(await found({ queue: "[m]*" })).toEqual([c as number]);
      expect(await found({ model: "sale*", method: "check" })).toEqual([b as number]);
      expect(await found({ method: "p?ocess", model: "party" })).toEqual([c as number]);
      expect(await found({ queue: "MAIL" })).toEqual([]);
    });

    test("finds a user, a ref, and ids between two", async () => {
      const ids = await push({ user: 7, ref: "a%" }, { user: 8, ref: "a_" }, { user: 7 });
      const [first = 0, second = 0, third = 0] = ids;
      expect(await found({ user: 7 })).toEqual([first, third]);
      expect(await found({ ref: "a%" })).toEqual([first]);
      expect(await found({ ref: "a%", user: 8 })).toEqual([]);
      expect(await found({ after: first, before: third })).toEqual([second]);
      expect(await found({ ref: "a_", before: second })).toEqual([]);
    });

    test("finds the refs that begin with a text, in which * and ? are themselves", async () => {
      const refs = [
        "order-1",
        "order-12",
        "order-*",
        "Order-1",
        "order",
        "ordes",
        "order-\u{10fffd}",
      ];
      const ids = await push(...refs.map((ref) => ({ ref })), {});
      const starting = async (refStarts: string, more: ReadFilter = {}) =>
        (await found({ refStarts, ...more })).map((id) => refs[ids.indexOf(id)] ?? "");
      expect(await starting("order-")).toEqual([
        "order-1",
        "order-12",
        "order-*",
        "order-\u{10fffd}",
      ]);
      expect(await starting("order-1")).toEqual(["order-1", "order-12"]);
      expect(await starting("order-*")).toEqual(["order-*"]);
      expect(await starting("order-", { ref: "order-12" })).toEqual(["order-12"]);
      expect(await starting("order-", { states: ["ready"], before: ids[1] ?? 0 })).toEqual([
        "order-1",
      ]);
      expect(await starting("zzz")).toEqual([]);
    });

    test("finds when a task was pushed and when it ended; the first moment counts", async () => {
      const early = await ended();
      const then = clock.now();
      clock.advance(1_000);
      const late = await ended();
      const waits = await pushOne(store);
      expect(await found({ pushedBefore: then + 1_000 })).toEqual([early]);
      expect(await found({ pushedAfter: then + 1_000 })).toEqual([late, waits]);
      expect(await found({ endedBefore: then + 1_000 })).toEqual([early]);
      expect(await found({ endedAfter: then + 1_000 })).toEqual([late]);
      expect(await found({ endedAfter: then, states: ["finished", "ready"] })).toEqual([
        early,
        late,
      ]);
      expect(await found({ endedAfter: then, states: ["failed"] })).toEqual([]);
    });

    test("guesses from which id on tasks were pushed later, also where ids are missing", async () => {
      const began = clock.now();
      expect(await store.lastPushedBefore(began)).toBe(0);
      const ids: number[] = [];
      for (let n = 0; n < 9; n++) {
        ids.push(await ended());
        clock.advance(1_000);
      }
      for (const id of ids.slice(3, 5)) await store.delete(id);
      const before = (n: number) => store.lastPushedBefore(began + 1_000 * n);
      expect(await before(0)).toBe(0);
      expect(await before(1)).toBe(ids[0] as number);
      expect(await before(5)).toBe(ids[2] as number);
      expect(await before(6)).toBe(ids[5] as number);
      expect(await before(99)).toBe(ids[8] as number);
    });

    test("finds text in the reason and in the arguments, literally, whatever its case", async () => {
      const [percent = 0, quotes = 0, umlaut = 0] = await push(
        { args: '["100% of a_b [x] *?"]' },
        { args: JSON.stringify([`O'Neil said "no"`]) },
        { args: String.raw`["M\u00fcller\n"]` },
      );
      const having = (argsHave: string) => found({ argsHave });
      expect(await having("0% OF")).toEqual([percent]);
      expect(await having("A_B [X] *?")).toEqual([percent]);
      expect(await having("1%b")).toEqual([]);
      expect(await having("a?b")).toEqual([]);
      expect(await having("o'neil")).toEqual([quotes]);
      expect(await having('said "NO"')).toEqual([quotes]);
      expect(await having("MÜLLER")).toEqual([umlaut]);
      await store.cancel(percent, "100% [done]");
      expect(await found({ reasonHas: "% [DONE]" })).toEqual([percent]);
      expect(await found({ reasonHas: "%done" })).toEqual([]);
    });

    test("finds numbers by their value, text by itself, and true, false and null as such", async () => {
      const values = [4711, 4711.5, "4711", true, "true", false, null, 1, 0, "0", "", 4.711e21];
      const at = (...isOneOf: string[]) => matching({ path: [0], isOneOf }, ...values);
      expect(await at("4711")).toEqual([0]);
      expect(await at("4711.0")).toEqual([0]);
      expect(await at("4.711e3")).toEqual([0]);
      expect(await at("4711", '"4711"')).toEqual([0, 2]);
      expect(await at("true")).toEqual([3]);
      expect(await at("null")).toEqual([6]);
      expect(await at("1")).toEqual([7]);
      expect(await at('""')).toEqual([10]);
      expect(await at("4711000000000000000000")).toEqual([11]);
    });

    test("finds integers exactly that JavaScript cannot hold", async () => {
      const [big = 0] = await push({ args: "[9007199254740993]" }, { args: "[9007199254740992]" });
      const where = [{ root: "args", path: [0], isOneOf: ["9007199254740993"] }] as const;
      expect(await found({ where })).toEqual([big]);
    });

    test("finds a key of any argument, keys with odd characters, and places in lists", async () => {
      const path = (path: (string | number)[]) => ({ path, isOneOf: ["5"] });
      expect(await matching(path(["order"]), { order: 5 }, { orders: 5 }, { order: 6 }, 5)).toEqual(
        [0],
      );
      expect(await matching(path(["order.id"]), { "order.id": 5 }, { order: { id: 5 } })).toEqual([
        0,
      ]);
      expect(await matching(path(["größe", "é"]), { größe: { é: 5 } }, { größe: 5 })).toEqual([0]);
      expect(await matching(path(["lines", 1]), { lines: [4, 5] }, { lines: [5] })).toEqual([0]);
      expect(await matching(path([0, "%"]), { "%": 5 }, { "'": 5 }, [{ "%": 5 }])).toEqual([0]);
      expect(await matching(path([0, "'"]), { "%": 5 }, { "'": 5 })).toEqual([1]);
    });

    test("finds keyword arguments, the context, instances and the result", async () => {
      const [a = 0, b = 0, c = 0] = await push(
        {
          args: '[{"n":5},{"n":6}]',
          context: '{"company":1,"deep":{"er":[true]}}',
          instances: [7, 8],
        },
        { args: '[{"n":6},{"n":5}]', context: '{"company":"1"}', instances: [78] },
        { instances: 9 },
      );
      const where = (...all: PathCondition[]) => found({ where: all });
      expect(await where({ root: "kwargs", path: ["n"], isOneOf: ["5"] })).toEqual([b]);
      expect(await where({ root: "args", path: ["n"], isOneOf: ["5"] })).toEqual([a, b]);
      expect(await where({ root: "args", path: [1, "n"], isOneOf: ["6"] })).toEqual([a]);
      expect(await where({ root: "context", path: ["company"], isOneOf: ["1"] })).toEqual([a]);
      expect(await where({ root: "context", path: ["deep", "er", 0], isOneOf: ["true"] })).toEqual([
        a,
      ]);
      expect(await where({ root: "instances", path: [], isOneOf: ["8"] })).toEqual([a]);
      expect(await where({ root: "instances", path: [], isOneOf: ["9"] })).toEqual([c]);
      expect(await where({ root: "instances", path: [0], isOneOf: ["78"] })).toEqual([b]);
      await finish(await claimFirst(store), '{"sum":[5]}');
      expect(await where({ root: "result", path: ["sum", 0], isOneOf: ["5"] })).toEqual([a]);
    });

    test("finds text that contains another one by its path, and nothing in numbers", async () => {
      const has = (has: string) =>
        matching({ path: ["name"], has }, { name: "Ünal & Söhne" }, { name: 5 });
      expect(await has("ünal")).toEqual([0]);
      expect(await has("SÖHNE")).toEqual([0]);
      expect(await has("%")).toEqual([]);
      expect(await has("5")).toEqual([]);
    });

    test("holds where all of its parts do, and lists page by page without a gap or a double", async () => {
      const all = await push(
        ...Array.from({ length: 250 }, (_, n) => ({
          queue: n % 2 ? "odd" : "even",
          user: n % 3,
          args: `[{"n":${n % 5}}]`,
        })),
      );
      const filter = {
        states: ["ready"],
        queue: "odd",
        user: 1,
        where: [{ root: "args", path: ["n"], isOneOf: ["2"] }],
      } as const satisfies ReadFilter;
      const expected = all.filter((_, n) => n % 2 === 1 && n % 3 === 1 && n % 5 === 2);
      expect(await found(filter)).toEqual(expected);
      const pages: number[] = [];
      for (let before = Infinity; ;) {
        const page = await store.list({ ...filter, limit: 3, ...(pages.length > 0 && { before }) });
        if (page.length === 0) break;
        pages.push(...page.map(({ id }) => id));
        before = pages.at(-1) ?? 0;
      }
      expect(pages.toReversed()).toEqual(expected);
      expect(await store.countBefore(filter, expected.at(-1) ?? 0)).toEqual({
        count: expected.length - 1,
        isAll: true,
      });
    });

    test("of very long text, or of many conditions, is no error", async () => {
      const long = "%'\"[".repeat(250);
      const [id = 0] = await push({ args: JSON.stringify([{ a: long }]) });
      expect(await found({ argsHave: long.slice(0, 2) })).toEqual([id]);
      const where = Array.from(
        { length: 20 },
        () => ({ root: "args", path: ["a"], has: long }) as const,
      );
      expect(await found({ where })).toEqual([id]);
      expect(await found({ reasonHas: "ẞ".repeat(1_000) })).toEqual([]);
    });
  });
}
