/** Thrown values as data: each text is cut, so that no task fills a row or a line of the log. */
import { expect, test } from "bun:test";
import { Decimal, Model, type Queue, UserError, UserWarning } from "../src/index.ts";
import { toErrorData } from "../src/outcome.ts";
import { makeRuntime } from "./model/support.ts";

const HUGE = "é".repeat(1_000_000);

class Loud extends Model {
  declare static readonly __queue__: Queue<typeof Loud>;
  static override readonly __name__ = "loud";
  static wordless(_records: Loud[]) {
    throw new TypeError();
  }
  static fail(_records: Loud[], part: "name" | "message" | "stack" | "all") {
    const error = new Error("no");
    const parts = part === "all" ? (["name", "message", "stack"] as const) : [part];
    for (const name of parts) Object.defineProperty(error, name, { value: HUGE });
    throw error;
  }
}

test.each(["name", "message", "stack", "all"] as const)(
  "an error with a huge %s leaves a short reason, a short row and a short event",
  async (part) => {
    await using tq = makeRuntime();
    const [id = 0] = await Loud.__queue__.fail([1], part);
    const { state, reason } = await tq.runTask(id);
    expect(state).toBe("failed");
    expect(reason?.length).toBeLessThan(11_000);
    expect(JSON.stringify(await tq.store.errors(id)).length).toBeLessThan(22_000);
    for (const event of tq.eventsOf("task.failed")) {
      expect(JSON.stringify(event).length).toBeLessThan(22_000);
    }
  },
);

test("a thrown object is one line of its own fields", () => {
  const { message } = toErrorData({ order: { lines: [{ price: new Decimal("1.50") }] }, code: 7 });
  expect(message).toBe("{ order: [Object ...], code: 7, } was thrown");
});

test("the description of a UserError follows its message", () => {
  const said = (error: UserError) => [toErrorData(error).message, error.message, error.description];
  expect(said(new UserError("No paper", "Tray 2 is empty"))).toEqual([
    "No paper - Tray 2 is empty",
    "No paper",
    "Tray 2 is empty",
  ]);
  expect(said(new UserWarning("print.late", "Print?", "It is late"))[0]).toBe(
    "Print? - It is late",
  );
  const cause = new Error("no");
  expect(said(new UserError("No paper", { cause }))).toEqual(["No paper", "No paper", undefined]);
  expect(new UserError("No paper", "Tray 2", { cause }).cause).toBe(cause);
  expect(new UserError("No paper", { cause }).cause).toBe(cause);
});

test("a huge text that is thrown is cut", () => {
  expect(toErrorData(HUGE).message.length).toBeLessThan(10_010);
});

test("a cut never leaves half a surrogate pair", () => {
  const error = new Error(`${"x".repeat(9_999)}😀`);
  error.name = `${"x".repeat(199)}😀`;
  const { name, message } = toErrorData(error);
  expect(name.isWellFormed() && message.isWellFormed()).toBe(true);
});

test("the causes of an error stand below its stack, each with its frames", () => {
  const cause = new TypeError("socket closed", { cause: "the cable is out" });
  const { message, stack } = toErrorData(new Error("the printer is off", { cause }));
  expect(message).toBe("the printer is off");
  expect(stack).toMatch(
    /^Error: the printer is off\n +at [^]*\ncaused by TypeError: socket closed\n +at /,
  );
  expect(stack).toEndWith("\ncaused by the cable is out");
});

test("an AggregateError without a message says the first of its errors, and how many they are", () => {
  const [first, second] = [new TypeError("no paper"), new Error("off")];
  const of = (errors: Error[]) => toErrorData(new AggregateError(errors)).message;
  expect(of([first, second])).toBe("the first of its 2 errors: TypeError: no paper");
  expect(of([first])).toBe("its error: TypeError: no paper");
  expect(of([])).toBe("");
});

test("an error without a message leaves its name alone as the reason", async () => {
  await using tq = makeRuntime();
  const [id = 0] = await Loud.__queue__.wordless([1]);
  expect((await tq.runTask(id)).reason).toBe("TypeError");
});

test("the errors of an AggregateError are shown, the first few of them", () => {
  const errors = Array.from({ length: 1_000 }, (_, index) => new Error(`no ${index}`));
  const { message, stack } = toErrorData(new AggregateError(errors, "all failed"));
  expect(message).toBe("all failed");
  expect(stack?.match(/^one of its errors: Error: no \d$/gm)).toHaveLength(8);
});

test("a cause that is the error itself, or cannot be read, does no harm", () => {
  const error = new Error("no") as Error & { cause: unknown };
  error.cause = error;
  expect(toErrorData(error).stack).not.toContain("caused by");
  error.cause = Object.defineProperty(new Error("why"), "name", {
    get() {
      throw new Error("a getter");
    },
  });
  expect(toErrorData(error).stack).toContain("caused by an error that cannot be read");
  error.cause = new Error("é".repeat(1_000_000));
  expect(toErrorData(error).stack?.length).toBeLessThan(10_010);
});

test.each<[string, Error, string]>([
  ["has the name of its class", new (class Jam extends Error {})("no"), "Jam"],
  ["has it in place of a built-in one", new (class Jam extends RangeError {})("no"), "Jam"],
  [
    "keeps a name of its own",
    Object.assign(new (class extends Error {})("no"), { name: "Own" }),
    "Own",
  ],
  ["keeps the name of a DOMException", new DOMException("no", "AbortError"), "AbortError"],
  [
    "whose class has no name has the inherited one",
    new (class extends TypeError {})("no"),
    "TypeError",
  ],
])("an error that %s", (_, error, name) => {
  expect(toErrorData(error)).toMatchObject({ name, message: "no" });
});

test("a cause has the name of its class too", () => {
  class Jam extends Error {}
  const { stack } = toErrorData(new Error("off", { cause: new Jam("paper") }));
  expect(stack).toContain("caused by Jam: paper");
});
