import { describe, expect, test } from "bun:test";
import { MAX_BATCH, methodKey, Methods } from "../../src/worker/methods.ts";

function ran(methods: Methods, times: number, duration: number): void {
  for (let run = 0; run < times; run++) methods.settledAtOnce("sale.process", duration);
}

describe("a method is quick", () => {
  test("after twenty runs that settled at once in less than a millisecond each", () => {
    const methods = new Methods();
    ran(methods, 19, 0.1);
    expect(methods.isQuick("sale.process")).toBe(false);
    ran(methods, 1, 0.1);
    expect(methods.isQuick("sale.process")).toBe(true);
    expect(methods.isQuick("sale.print")).toBe(false);
  });

  test("not when they take longer", () => {
    const methods = new Methods();
    ran(methods, 100, 1.5);
    expect(methods.isQuick("sale.process")).toBe(false);
  });

  test("no longer, as soon as it once waits, and again after twenty more", () => {
    const methods = new Methods();
    ran(methods, 50, 0.1);
    methods.waited("sale.process");
    expect(methods.isQuick("sale.process")).toBe(false);
    ran(methods, 20, 0.1);
    expect(methods.isQuick("sale.process")).toBe(true);
  });

  test("no longer, when its runs become slow; a single slow one is forgiven", () => {
    const methods = new Methods();
    ran(methods, 50, 0.1);
    ran(methods, 1, 5);
    expect(methods.isQuick("sale.process")).toBe(true);
    ran(methods, 20, 5);
    expect(methods.isQuick("sale.process")).toBe(false);
  });
});

describe("a batch", () => {
  test("makes about five milliseconds of work", () => {
    const methods = new Methods();
    ran(methods, 20, 0.1);
    expect(methods.batchSize("sale.process")).toBeWithin(45, 51);
  });

  test("is one run of a method that is not quick or not known", () => {
    const methods = new Methods();
    expect(methods.batchSize("sale.process")).toBe(1);
    ran(methods, 20, 2);
    expect(methods.batchSize("sale.process")).toBe(1);
  });

  test("is bounded for methods that take no time at all", () => {
    const methods = new Methods();
    ran(methods, 20, 0);
    expect(methods.batchSize("sale.process")).toBe(MAX_BATCH);
  });
});

test("a method is known by its model and name", () => {
  expect(methodKey({ model: "sale.line", method: "process" })).toBe("sale.line.process");
});
