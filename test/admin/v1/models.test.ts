import { describe, expect, test } from "bun:test";
import { Model, task } from "../../../src/index.ts";
import { type ModelClass, modelOf } from "../../../src/registry/model-class.ts";
import { Registry } from "../../../src/registry/registry.ts";
import { saidPolicies } from "../../../src/registry/said-policies.ts";
import { parseSettings } from "../../../src/settings/config.ts";
import { claimFirst, pushOne } from "../../support/store.ts";
import { makeAdmin } from "../support.ts";

class Sale extends Model {
  static override readonly __name__ = "sale";
  static readonly tasks = {
    process: { attempts: 5, backoff: ["10s", "1m"], retryOn: "PrinterError" },
  };
  process(): void {}
  print(): void {}
}

const clean = task("clean", () => {});

const config = parseSettings(
  { tasks: { "sale.*": { timeout: "30s" }, clean: { attempts: 2 } } },
  "test",
);

/** An admin API whose server knows the models. */
function withModels() {
  const registry = new Registry();
  registry.add(Sale, "models.ts");
  registry.add(modelOf(clean) as ModelClass, "models.ts");
  const said = saidPolicies(registry.all(), config.tasks);
  return makeAdmin({ config, catalog: () => registry.catalog(), policies: () => said });
}

describe("the models", () => {
  test("are listed with the policies in force of each method, and where each comes from", async () => {
    await using admin = withModels();
    const { status, body } = await admin.get("/api/v1/models");
    expect(status).toBe(200);
    expect(body.known).toBe(true);
    const [ofClean, ofSale] = body.models;
    expect(ofClean).toMatchObject({
      name: "clean",
      kind: "function",
      methods: [
        {
          method: null,
          call: "clean",
          policies: { attempts: { value: 2, words: "2", from: "tq.toml" } },
        },
      ],
    });
    expect(ofSale).toMatchObject({ name: "sale", kind: "model" });
    const [print, process] = ofSale.methods;
    expect(print).toMatchObject({
      call: "sale.print",
      policies: {
        attempts: { value: 1, words: "1", from: "default" },
        timeout: { value: "30000ms", words: "30 s", from: "tq.toml" },
        on_failed: { value: "none", words: "none", from: "default" },
      },
    });
    expect(process.policies).toMatchObject({
      attempts: { value: 5, from: "model" },
      backoff: { value: ["10000ms", "60000ms"], words: "10 s, 1 min", from: "model" },
      retry_on: { value: null, words: "PrinterError", from: "model" },
    });
  });

  test("are none where the server knows none", async () => {
    await using admin = makeAdmin({ catalog: () => null });
    expect((await admin.get("/api/v1/models")).body).toEqual({ known: false, models: [] });
  });
});

describe("why a task waits for its next attempt", () => {
  const error = { name: "Error", message: "jam", stack: null };

  async function sentenceOf({ store, get }: ReturnType<typeof makeAdmin>, policy: object | null) {
    const id = await pushOne(store, { policy: policy && JSON.stringify(policy) });
    const run = await claimFirst(store);
    await store.write((session) => session.settle(run, { kind: "retry", delay: 60_000, error }));
    return (await get(`/api/v1/tasks/${id}/why`)).body.sentence as string;
  }

  test("says of how many, as the model, tq.toml or the push has it", async () => {
    await using admin = withModels();
    expect(await sentenceOf(admin, null)).toContain("attempt 2 of 5,");
    expect(await sentenceOf(admin, { attempts: 3 })).toContain("attempt 2 of 3,");
  });

  test("says no number of them where the server does not know the model", async () => {
    await using admin = makeAdmin({ catalog: () => null });
    expect(await sentenceOf(admin, null)).toContain("attempt 2, in");
  });
});
