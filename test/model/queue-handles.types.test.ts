/**
 * What the types of `__queue__.method.with()` allow. Checked by `bun check`: a line marked @ts-expect-error that
 * compiles is an error there. The functions are not called.
 */
import { expect, test } from "bun:test";
import {
  Decimal,
  Model,
  ModelSQL,
  type Queue,
  type TaskHandle,
  tasks,
  v,
} from "../../src/index.ts";

class Sale extends ModelSQL("sale", { total: v.optional(v.number()) }) {
  declare static readonly __queue__: Queue<typeof Sale>;

  static async process(_records: Sale[], _copies: number) {
    return { price: new Decimal("1.20"), note: "x" as string | undefined };
  }
  static async one(_record: Sale) {
    return 7;
  }
  static async any(_records: Sale | Sale[]) {
    return "done";
  }
  static sync(_records: Sale[]): boolean {
    return true;
  }
  static async load(_records: Sale[]): Promise<Sale | null> {
    return null;
  }
  static async parse(_records: Sale[]): Promise<ReturnType<typeof JSON.parse>> {
    return {};
  }
  async confirm(_by: number) {
    return [1, 2];
  }
  async nothing() {}
}

class Untyped extends Model {
  static override readonly __name__ = "untyped";
  static async process(_records: Untyped[]) {}
}

/** Only for the compiler. */
function never(_uses: () => unknown): void {}

/** Compiles only where both are the same. */
function same<A, B>(
  ..._different: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [never]
): void {}

const { __queue__: queue } = Sale;

test("a call with options keeps the types of the method's records and arguments", () => {
  never(() => {
    const call = queue.process.with({ attempts: 3, ref: "order-7", timeout: "30s" });
    void call([new Sale(), 2], 3);
    // @ts-expect-error the method wants a list
    void call(1, 3);
    // @ts-expect-error the copies are missing
    void call([1]);
    // @ts-expect-error a text is no number
    void call([1], "3");
    // @ts-expect-error one argument too many
    void call([1], 3, 4);
    // @ts-expect-error the method wants one record
    void queue.one.with({})([1]);
    void queue.any.with({})(1);
    void queue.any.with({})([1]);
    void queue.confirm.with({})([1, 2], 3);
  });
  expect(typeof queue.process.with).toBe("function");
});

test("an option that there is not, or of another kind, does not compile", () => {
  never(() => {
    // @ts-expect-error no such option
    void queue.process.with({ queu: "mail" });
    // @ts-expect-error a text is no number
    void queue.process.with({ attempts: "3" });
    // @ts-expect-error the unit is missing
    void queue.process.with({ timeout: "30" });
    // @ts-expect-error a number has no unit
    void queue.process.with({ scheduledAt: 5 });
    // @ts-expect-error the user is that of the transaction
    void queue.process.with({ user: 1 });
    // @ts-expect-error the arguments are those of the call
    void queue.process.with({ args: [1] });
    // @ts-expect-error it takes options
    void queue.process.with();
  });
});

test("a handle knows what the method returns", () => {
  never(() => {
    const handles = queue.process.with({})([1], 2);
    type Returned = { price: Decimal; note: string | undefined };
    same<typeof handles, Promise<TaskHandle<Returned>[]>>();
    const one = queue.one.with({})(1);
    same<typeof one, Promise<TaskHandle<number>>>();
    const confirmed = queue.confirm.with({})(1, 2);
    same<typeof confirmed, Promise<TaskHandle<number[]>>>();
    const each = queue.confirm.with({})([1], 2); // a call on each record has no result
    same<typeof each, Promise<TaskHandle<undefined>[]>>();
    const nothing = queue.nothing.with({})(1);
    same<typeof nothing, Promise<TaskHandle<undefined>>>();
    const sync = queue.sync.with({})([1]);
    same<typeof sync, Promise<TaskHandle<boolean>[]>>();
    const record = queue.load.with({})([1]); // JSON carries no record
    same<typeof record, Promise<TaskHandle<unknown>[]>>();
    const parsed = queue.parse.with({})([1]); // any
    same<typeof parsed, Promise<TaskHandle<unknown>[]>>();
    const plain = queue.one(1);
    same<typeof plain, Promise<number>>();
    void tasks.result<number>(1, { timeout: "30s" }).then((value) => value.toFixed());
    // @ts-expect-error a number has no unit
    void tasks.result(1, { timeout: 30 });
    // @ts-expect-error no such state
    void tasks.list({ states: ["faild"] });
  });
});

test("a queue without a declaration gives handles too", () => {
  never(() => {
    const handles = Untyped.__queue__["process"]?.with({ queue: "mail" })([1], "anything");
    same<typeof handles, Promise<TaskHandle | TaskHandle[]> | undefined>();
  });
});
