/** A class that extends a model under its name runs the model's tasks, whichever class pushes them. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Model } from "../../src/index.ts";
import { Registry } from "../../src/registry/registry.ts";
import { sentenceOf } from "../support/error.ts";
import { makeRuntime } from "../model/support.ts";

const TQ = JSON.stringify(join(import.meta.dir, "../../src/index.ts"));

class Invoice extends Model {
  static override readonly __name__ = "invoice";
  static post(): string {
    return "the base";
  }
}
class InvoiceSale extends Invoice {
  static override post() {
    return "the extension";
  }
}

const push = (model: typeof Model) => model.__queue__["post"]?.([1]) ?? Promise.resolve();

test.each([
  ["first", [InvoiceSale, Invoice, Invoice]],
  ["last", [Invoice, InvoiceSale, Invoice]],
])(
  "without a worker the extension runs every task once it is known, and pushed %s",
  async (_, order) => {
    await using tq = makeRuntime({ worker: false });
    for (const model of order) await push(model);
    const results = (await tq.tasks()).map(({ result }) => result);
    expect(results).toEqual(
      order.map((_model, index) =>
        order.slice(0, index + 1).includes(InvoiceSale) ? "the extension" : "the base",
      ),
    );
  },
);

test("without a worker the extension of a models file runs a task that the base pushed", async () => {
  await using tq = makeRuntime({ worker: false, models: "models.ts" });
  writeFileSync(
    join(tq.folder, "models.ts"),
    `import { Model } from ${TQ};
     class Invoice extends Model { static __name__ = "invoice"; static post() { return "the base"; } }
     export class InvoiceSale extends Invoice { static post() { return "the file's"; } }`,
  );
  await push(Invoice);
  await push(Invoice);
  expect((await tq.tasks()).map(({ result }) => result)).toEqual([`the file's`, `the file's`]);
});

test("without a worker no class runs where the models cannot be loaded: another may extend it", async () => {
  await using tq = makeRuntime({ worker: false, models: "models.ts" });
  writeFileSync(join(tq.folder, "models.ts"), `throw new Error("not today");`);
  await push(Invoice);
  await push(Invoice);
  const reason = expect.stringContaining("Cannot load models") as string;
  const refused = { state: "failed", result: null, reason };
  expect(await tq.tasks()).toMatchObject([refused, refused]);
});

test("a push with the base keeps an extension that was found in a file", async () => {
  const registry = new Registry();
  registry.add(InvoiceSale, "/models.ts");
  registry.add(Invoice, null, true);
  expect(registry.get("invoice")).toBe(InvoiceSale);
});

test("two classes that extend one model under its name cannot both push", async () => {
  class InvoicePurchase extends Invoice {}
  const registry = new Registry();
  registry.add(Invoice, null, true);
  registry.add(InvoiceSale, null, true);
  const sentence = await sentenceOf(() => registry.add(InvoicePurchase, null, true));
  expect(sentence).toContain('two classes have the name "invoice"');
});
