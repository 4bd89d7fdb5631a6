/** Describes an operation of `/api/v1`: the OpenAPI document and the types of the client come from it. */
import type { Context, Env, MiddlewareHandler } from "hono";
import type { StatusCode } from "hono/utils/http-status";
import type { ConversionConfig } from "@valibot/to-json-schema";
import { describeRoute, resolver, uniqueSymbol } from "hono-openapi";
import type * as v from "valibot";
import type { Role } from "../../store/tokens.ts";
import { type AdminEnv, requireRole } from "../access/access.ts";
import type { described } from "../input/fields.ts";
import { type ProblemCode, STATUS } from "../problem.ts";
import { NAMED_SCHEMAS, PROBLEM } from "./schemas.ts";

interface Answer {
  readonly description: string;
  /** None: the answer has no body. */
  readonly schema?: v.GenericSchema;
  /** Default: `application/json`. */
  readonly type?: string;
  readonly headers?: Readonly<
    Record<string, { readonly description: string; readonly schema: { readonly type: "string" } }>
  >;
}

interface Operation {
  /** Unique: the name of the operation in clients that are made from the document. */
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  /** A caller needs one of these roles. */
  readonly roles: readonly Role[];
  readonly answers: { readonly [S in StatusCode]?: Answer };
  /** The codes with which it refuses, besides those of every operation. */
  readonly refusals?: readonly ProblemCode[];
}

/** The refusals of every operation: of its reader, its access and the database. */
const COMMON: readonly ProblemCode[] = [
  "invalid",
  "unauthorized",
  "forbidden",
  "too_slow",
  "too_many",
  "busy",
  "database",
  "internal",
];

/** Describes the operation whose handler follows, and refuses a caller without the role. */
export function operation(spec: Operation): MiddlewareHandler<AdminEnv> {
  const { id, tag, summary, roles, answers, refusals = [] } = spec;
  const answered = Object.entries(answers).map(
    ([status, answer]) => [status, shown(answer)] as const,
  );
  const description = describeRoute({
    operationId: id,
    tags: [tag],
    summary,
    security: [{ token: [...roles] }],
    responses: { ...Object.fromEntries(answered), ...problemsOf([...COMMON, ...refusals]) },
  });
  return Object.assign(requireRole(...roles), description);
}

function shown({ description, schema, type = "application/json", headers }: Answer) {
  const content = schema && { [type]: { schema: schemaOf(schema) } };
  return { description, ...(content && { content }), ...(headers && { headers }) };
}

/** A document describes a refusal by its codes. */
function refusedWords(codes: readonly ProblemCode[]): string {
  return `Refused: the code is ${codes.join(" or ")}`;
}

/** Every request but GET may bring a body, also one that the operation does not read: it may be too large. */
export function withTooLarge<Document extends { readonly paths?: object }>(
  document: Document,
): Document {
  for (const path of Object.values(document.paths ?? {}) as Paths[]) {
    for (const [method, { responses }] of Object.entries(path)) {
      if (method === "get") continue;
      const description = refusedWords(["too_large"]);
      responses[STATUS.too_large] = { ...responses[STATUS.invalid], description };
    }
  }
  return document;
}

type Paths = Readonly<Record<string, { readonly responses: Record<number, object> }>>;

function problemsOf(codes: readonly ProblemCode[]) {
  const byStatus = Map.groupBy(new Set(codes), (code) => STATUS[code]);
  const rows = [...byStatus].map(([status, same]) => {
    const answer = {
      description: refusedWords(same),
      schema: PROBLEM,
      type: "application/problem+json",
    };
    return [status, shown(answer)] as const;
  });
  return Object.fromEntries(rows);
}

/**
 * Reads a part of the request before the handler, which gets it by `c.req.valid(target)`.
 *
 * @param schema what the document says of it: `read` alone decides.
 * @param read throws TqError "invalid" with a sentence; no refusal repeats the whole input.
 */
export function reads<
  Schema extends v.GenericSchema,
  Out,
  Target extends "query" | "json" | "param",
>(
  target: Target,
  schema: Schema,
  read: (c: Context) => Out | Promise<Out>,
): MiddlewareHandler<
  Env,
  string,
  {
    readonly in: { readonly [T in Target]: v.InferInput<Schema> };
    readonly out: { readonly [T in Target]: Out };
  }
> {
  return describesInput(target, schema, async (c, next) => {
    c.req.addValidatedData(target, (await read(c)) as object);
    await next();
  });
}

/** Describes the part of the request that a middleware reads. */
export function describesInput<E extends Env>(
  target: "query" | "json" | "param" | "header",
  schema: v.GenericSchema,
  middleware: MiddlewareHandler<E>,
): MiddlewareHandler<E> {
  return Object.assign(middleware, { [uniqueSymbol]: { target, ...schemaOf(schema) } });
}

/** A schema as the document has it: fields that a function reads say their form themselves. */
function schemaOf(schema: v.GenericSchema) {
  return resolver(schema, { options: TO_JSON_SCHEMA as unknown as Record<string, unknown> });
}

const TO_JSON_SCHEMA: ConversionConfig = {
  typeMode: "input",
  errorMode: "ignore", // what a function checks has no form in the document
  definitions: NAMED_SCHEMAS,
  overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
  overrideAction: ({ valibotAction, jsonSchema }) => {
    if (valibotAction.type !== "metadata") return undefined;
    const { json, description } = (valibotAction as Described).metadata;
    return { ...jsonSchema, ...json, ...(description && { description }) };
  },
};

type Described = ReturnType<typeof described>;
