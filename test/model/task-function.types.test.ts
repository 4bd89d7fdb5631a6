/**
 * What the types of `task()` allow. Checked by `bun check`: a line marked @ts-expect-error that compiles is an error
 * there. The functions are not called.
 */
import { expect, test } from "bun:test";
import { Decimal, task, type TaskFunction, type TaskHandle } from "../../src/index.ts";

const thumbnail = task("thumbnail", async (path: string, width = 100) => ({ path, width }));
const untilDay = task("until.day", (_day: Temporal.PlainDate, _note?: string) => 7);
const many = task("many", { attempts: 5 }, (_name: string, ..._prices: Decimal[]) => {});
const options = task("options", (_options: { copies: number; to?: string }) => {});
const callback = task("callback", (_done: () => void) => {});
const map = task("map", (_seen: Map<string, number>) => {});
const at = task("at", (_when: Date) => {});
const after = task("after", (_when: Temporal.Instant) => {});
const open = task("open", (_anything: unknown) => {});
const none = task("none", () => {});

function over(_id: number): number;
function over(_name: string): string;
function over(value: number | string) {
  return value;
}
const overloaded = task("overloaded", over);

/** Only for the compiler. */
function never(_uses: () => unknown): void {}

/** Compiles only where both are the same. */
function same<A, B>(
  ..._different: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [never]
): void {}

test("a push takes the function's arguments, and gives an id", () => {
  never(() => {
    same<ReturnType<typeof thumbnail.push>, Promise<number>>();
    same<Parameters<typeof thumbnail.push>, [path: string, width?: number]>();
    void thumbnail.push("a.png");
    void thumbnail.push("a.png", 200);
    void untilDay.push(Temporal.PlainDate.from("2024-02-29"), "note");
    void many.push("a", new Decimal("1.50"), new Decimal("2"));
    void options.push({ copies: 2 });
    void open.push({ a: [1] });
    void none.push();
    const handle: Promise<TaskHandle<{ path: string; width: number }>> = thumbnail.push.with({
      attempts: 3,
    })("a.png");
    void handle;
    // @ts-expect-error no such option
    void thumbnail.push.with({ atempts: 3 })("a.png");
    // @ts-expect-error a number is no path
    void thumbnail.push.with({ attempts: 3 })(7);
    // @ts-expect-error the path is missing
    void thumbnail.push();
    // @ts-expect-error a number is no path
    void thumbnail.push(7);
    // @ts-expect-error one argument too many
    void thumbnail.push("a.png", 200, 300);
    // @ts-expect-error a text is no day
    void untilDay.push("2024-02-29");
    // @ts-expect-error a number is no text
    void options.push({ copies: 2, to: 7 });
    // @ts-expect-error it takes none
    void none.push(1);
  });
  expect().pass();
});

test("arguments that JSON does not carry are refused", () => {
  never(() => {
    // @ts-expect-error a function
    void callback.push(() => undefined);
    // @ts-expect-error a Map
    void map.push(new Map());
    // @ts-expect-error a Date arrives as a Temporal.Instant
    void at.push(new Date());
    void after.push(Temporal.Now.instant());
    void after.push(new Date());
  });
  expect().pass();
});

test("the function itself is called as it was written", () => {
  never(() => {
    const made: Promise<{ path: string; width: number }> = thumbnail("a.png");
    // @ts-expect-error its result is no text
    const wrong: Promise<string> = thumbnail("a.png");
    same<Parameters<typeof thumbnail>, [path: string, width?: number | undefined]>();
    const number: number = overloaded(7);
    const text: string = overloaded("a");
    // @ts-expect-error a number is no path
    void thumbnail(7);
    const typed: TaskFunction<(n: number) => number> = task("typed", (n: number) => n);
    return [made, wrong, number, text, typed];
  });
  expect().pass();
});

test("a policy that there is not is a compile error", () => {
  never(() => {
    task("a", { attempts: 2, timeout: "30s", transaction: false }, () => {});
    // @ts-expect-error no such policy
    task("a", { atempts: 2 }, () => {});
    // @ts-expect-error a function has no records that could be missing
    task("a", { missing: "fail" }, () => {});
    // @ts-expect-error a length of time has a unit
    task("a", { timeout: true }, () => {});
    // @ts-expect-error the function is missing
    task("a");
    // @ts-expect-error the policy comes before the function
    task("a", () => {}, { attempts: 2 });
    // @ts-expect-error a class is no function
    task("a", class {});
  });
  expect().pass();
});
