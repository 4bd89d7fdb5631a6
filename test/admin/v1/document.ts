/** The OpenAPI document of an admin API, and requests that are made from it. */
import fc from "fast-check";
import type { makeAdmin } from "../support.ts";

type Schema = Readonly<Record<string, unknown>>;

export interface DescribedOperation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly body: Schema | null;
  readonly responses: Readonly<Record<string, Response>>;
}

interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Response {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
  };
  readonly responses: Readonly<Record<string, Response>>;
}

export async function documentOf(
  admin: Pick<ReturnType<typeof makeAdmin>, "get">,
): Promise<Document> {
  const { body } = await admin.get("/api/v1/openapi.json");
  return body as Document;
}

export function operationsOf({ paths }: Document): DescribedOperation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operationId: operation.operationId,
      parameters: operation.parameters ?? [],
      body: operation.requestBody?.content["application/json"]?.schema ?? null,
      responses: operation.responses,
    })),
  );
}

interface MadeRequest {
  readonly path: string;
  readonly body: unknown;
}

/** Requests for an operation: mostly of the right form, some with values of any kind. */
export function requestsFor(
  operation: DescribedOperation,
  schemas: Readonly<Record<string, Schema>>,
): fc.Arbitrary<MadeRequest> {
  const inPath = operation.parameters.filter((one) => one.in === "path");
  const inQuery = operation.parameters.filter((one) => one.in === "query");
  const texts = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom("1", "2", "true", "failed", "ready", "0s", "1h", "sale", "*"),
    },
    fc.string({ unit: "binary" }),
  );
  const query = fc.record(Object.fromEntries(inQuery.map(({ name }) => [name, texts])), {
    requiredKeys: [],
  });
  const path = fc.record(Object.fromEntries(inPath.map(({ name }) => [name, texts])));
  const body = operation.body === null ? fc.constant(undefined) : valuesOf(operation.body, schemas);
  return fc.record({ path, query, body }).map(({ path: filled, query: asked, body: sent }) => {
    const where = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(wellFormed((filled as Record<string, string>)[name] ?? "1") || "1"),
    );
    const search = new URLSearchParams(asked as Record<string, string>);
    return { path: `/api/v1${where}?${search}`, body: sent };
  });
}

function wellFormed(text: string): string {
  return text.toWellFormed();
}

/** Values that a schema allows, and now and then others. */
function valuesOf(
  schema: Schema,
  schemas: Readonly<Record<string, Schema>>,
): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: allowed(schema, schemas) }, fc.jsonValue());
}

function allowed(schema: Schema, schemas: Readonly<Record<string, Schema>>): fc.Arbitrary<unknown> {
  const { $ref, anyOf, type, properties, items, const: only, enum: words, required = [] } = schema;
  if (typeof $ref === "string")
    return allowed(schemas[$ref.split("/").at(-1) ?? ""] ?? {}, schemas);
  if (only !== undefined) return fc.constant(only);
  if (Array.isArray(words)) return fc.constantFrom(...(words as unknown[]));
  if (Array.isArray(anyOf)) {
    return fc.oneof(...(anyOf as Schema[]).map((one) => valuesOf(one, schemas)));
  }
  if (Array.isArray(type)) {
    return fc.oneof(...(type as string[]).map((one) => allowed({ ...schema, type: one }, schemas)));
  }
  switch (type) {
    case "string":
      return fc.oneof(fc.constantFrom("sale", "process", "5m", "2024-03-01T10:00Z"), fc.string());
    case "integer":
      return fc.oneof(fc.integer({ min: 0, max: 5 }), fc.maxSafeInteger());
    case "number":
      return fc.double();
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array":
      return fc.array(valuesOf((items ?? {}) as Schema, schemas), { maxLength: 4 });
    case "object": {
      const fields = Object.entries((properties ?? {}) as Record<string, Schema>);
      return fc.record(
        Object.fromEntries(fields.map(([name, field]) => [name, valuesOf(field, schemas)])),
        { requiredKeys: required as string[] },
      );
    }
    default:
      return fc.jsonValue();
  }
}
