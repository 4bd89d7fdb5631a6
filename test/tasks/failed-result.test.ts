/** The error of a failed task as a program gets it that waits for its result. */
import { expect, test } from "bun:test";
import { TaskFailedError, tasks } from "../../src/index.ts";
import { makeRuntime } from "../model/support.ts";
import { errorOf } from "../support/error.ts";
import { fails, ran } from "./clerk.ts";

test("the error of a failed task keeps its code, and has the name of its class", async () => {
  class PrinterError extends TypeError {
    readonly code: string | number;
    constructor(code: string | number) {
      super("no paper");
      this.code = code;
    }
  }
  for (const code of ["EPAPER", 14]) {
    await using tq = makeRuntime();
    const error = await errorOf(tasks.result(await ran(tq, fails(new PrinterError(code)))));
    expect(error.message).toBe("Task 1 (clerk.work) failed: PrinterError: no paper");
    expect(error.cause).toMatchObject({ name: "PrinterError", code });
    if (!(error instanceof TaskFailedError)) throw error;
    expect(error.cause?.stack).toStartWith("PrinterError: no paper\n");
    expect(await tq.store.errors(1)).toMatchObject([{ name: "PrinterError", code }]);
    expect(await tq.store.attempts(1)).toMatchObject([{ name: "PrinterError", code }]);
  }
});
