import { describe, expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { IS_POSTGRES } from "../../support/tested-store.ts";
import { CALL, makeAdmin } from "../support.ts";
import { documentOf, operationsOf, requestsFor } from "./document.ts";

describe("the OpenAPI document", () => {
  test("is valid OpenAPI 3.1", async () => {
    await using admin = makeAdmin();
    const document = await documentOf(admin);
    const validator = new Validator();
    expect(await validator.validate({ ...document })).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
  });

  test("has every path of /api/v1, each with an id of its own", async () => {
    await using admin = makeAdmin();
    const operations = operationsOf(await documentOf(admin));
    const described = new Set(operations.map(({ method, path }) => `${method} ${path}`));
    const served = admin.app.routes
      .filter(({ method, path }) => method !== "ALL" && path.startsWith("/api/v1/"))
      .map(({ method, path }) => `${method} ${path.slice("/api/v1".length)}`)
      .map((route) => route.replaceAll(/:(\w+)/g, "{$1}"))
      .filter((route) => route !== "GET /openapi.json");
    expect(described).toEqual(new Set(served));
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("says with what each operation refuses a body that is too large or too slow, and a caller", async () => {
    await using admin = makeAdmin();
    const body = JSON.stringify(["x".repeat(1024 * 1024)]);
    for (const { method, path, responses } of operationsOf(await documentOf(admin))) {
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(["408", "429", "503"]));
      if (method === "GET") continue;
      const answer = await admin.ask(`/api/v1${path.replaceAll(/\{\w+\}/g, "1")}`, {
        method,
        body,
      });
      expect([method, path, answer.status]).toEqual([method, path, 413]);
      expect([method, path, "413" in responses]).toEqual([method, path, true]);
    }
  });

  test("says nothing of an operation that asks for no token", async () => {
    await using admin = makeAdmin();
    const answer = await admin.app.request("/api/v1/openapi.json");
    expect(answer.status).toBe(401);
  });
});

/** Requests for each operation: each has a database of its own, which a server takes long to empty. */
const REQUESTS = IS_POSTGRES ? 10 : 40;

const { operations, schemas } = await describedOnce();

async function describedOnce() {
  await using admin = makeAdmin();
  const document = await documentOf(admin);
  return { operations: operationsOf(document), schemas: document.components.schemas };
}

/** A stream of events has no end, so no answer of it can be read whole: events.test.ts asks for it. */
const answering = operations.filter(({ operationId }) => operationId !== "streamEvents");

describe.each(answering)("$operationId", (operation) => {
  test("answers any request as the document says, and changes nothing where it refuses", async () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(ajv);
    for (const [name, schema] of Object.entries(schemas)) {
      ajv.addSchema(schema, `#/components/schemas/${name}`);
    }
    await fc.assert(
      fc.asyncProperty(requestsFor(operation, schemas), async ({ path, body }) => {
        await using admin = makeAdmin();
        await admin.post("/api/v1/tasks", [CALL, { ...CALL, scheduled_at: "5m" }]);
        await admin.store.cancel(1);
        const before = await admin.store.list();
        const answer = await admin.ask(path, {
          method: operation.method,
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });
        const content = operation.responses[answer.status]?.content ?? {};
        const [type] = (answer.headers.get("content-type") ?? "").split(";");
        const schema = content[type ?? ""]?.schema;
        if (schema === undefined) throw new Error(`${answer.status} ${type}: not described`);
        ajv.validate(schema, answer.body);
        expect(ajv.errors ?? []).toEqual([]);
        expect(answer.status).toBeLessThan(500);
        if (answer.status >= 400) expect(await admin.store.list()).toEqual(before);
      }),
      { numRuns: REQUESTS },
    );
  });
});
