/** A field of a ModelSQL: a valibot schema, and the column that holds its values. */
import * as v from "valibot";
import { decode, encode } from "../encoding.ts";
import { TqError } from "../errors.ts";
import type { Column, ColumnValue } from "../store/records.ts";

export type FieldSchema = v.GenericSchema;
export type Fields = Readonly<Record<string, FieldSchema>>;

/** A field, ready to be written and read. */
export interface Field {
  readonly name: string;
  readonly schema: FieldSchema;
  readonly column: Column;
  /** The value as the column holds it. @throws TqError "invalid" for what JSON cannot carry. */
  readonly toColumn: (value: unknown) => ColumnValue;
  readonly fromColumn: (value: ColumnValue) => unknown;
}

type Kind = "text" | "integer" | "number" | "boolean" | "blob" | "json";

const TYPES: Record<Kind, Column["type"]> = {
  text: "TEXT",
  integer: "INTEGER",
  number: "NUMERIC",
  boolean: "INTEGER",
  blob: "BLOB",
  json: "TEXT",
};

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Names that a record has already. */
const TAKEN = new Set(["id", "save", "delete", "toJSON", "constructor", "__proto__", "__queue__"]);

/** @throws TqError "models" for a name that cannot be a column, or a schema that cannot be checked at once. */
export function toField(model: string, name: string, schema: FieldSchema): Field {
  if (!NAME.test(name) || TAKEN.has(name)) {
    throw new TqError(
      "models",
      `Cannot make the model ${model}: a field cannot be named ${JSON.stringify(name)}; use letters, digits and _, and none of ${[...TAKEN].slice(0, 4).join(", ")}`,
    );
  }
  if ((schema as { async?: boolean }).async) {
    throw new TqError(
      "models",
      `Cannot make the model ${model}: the schema of ${name} is asynchronous`,
    );
  }
  const kind = kindOf(schema);
  const empty = emptyOf(schema);
  const where = `${model}.${name}`;
  return {
    name,
    schema,
    column: { name, type: TYPES[kind] },
    toColumn: (value) =>
      value === undefined || value === null ? null : CODECS[kind].to(value, where),
    fromColumn: (value) => (value === null ? empty : CODECS[kind].from(value, where)),
  };
}

interface Codec {
  to(value: unknown, where: string): ColumnValue;
  from(value: ColumnValue, where: string): unknown;
}

const AS_IS: Codec = { to: (value) => value as ColumnValue, from: (value) => value };

const CODECS: Record<Kind, Codec> = {
  text: {
    to(value, where) {
      if (!(value as string).isWellFormed()) {
        throw new TqError("invalid", `Cannot store ${where}: half a surrogate pair is no text`);
      }
      return value as string;
    },
    from: (value) => value,
  },
  integer: AS_IS,
  number: AS_IS,
  boolean: { to: (value) => (value ? 1 : 0), from: (value) => value !== 0 },
  blob: AS_IS,
  json: {
    to: (value, where) => encode(value, where),
    from: (value, where) => (typeof value === "string" ? decode(value, where) : value),
  },
};

interface SchemaParts {
  readonly type: string;
  readonly wrapped?: FieldSchema;
  readonly pipe?: readonly { readonly type: string }[];
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
  readonly enum?: Readonly<Record<string, unknown>>;
  readonly class?: unknown;
}

function kindOf(schema: FieldSchema): Kind {
  const parts = schema as unknown as SchemaParts;
  if (parts.wrapped) return kindOf(parts.wrapped);
  // A pipe that transforms may end as anything.
  if (parts.pipe?.some(({ type }) => type.endsWith("transform"))) return "json";
  switch (parts.type) {
    case "string":
      return "text";
    case "number":
      return parts.pipe?.some(({ type }) => type === "integer" || type === "safe_integer")
        ? "integer"
        : "number";
    case "boolean":
      return "boolean";
    case "picklist":
      return allText(parts.options) ? "text" : "json";
    case "enum":
      return allText(Object.values(parts.enum ?? {})) ? "text" : "json";
    case "literal":
      return typeof parts.literal === "string" ? "text" : "json";
    case "instance":
      return parts.class === Uint8Array ? "blob" : "json";
    default:
      return "json";
  }
}

function allText(options: readonly unknown[] = []): boolean {
  return options.every((option) => typeof option === "string");
}

/** NULL reads as undefined where the field may be undefined, else as null where it may be null. */
function emptyOf(schema: FieldSchema): undefined | null {
  for (let parts = schema as unknown as SchemaParts | undefined; parts;) {
    if (parts.type === "optional" || parts.type === "nullish") return undefined;
    if (parts.type === "nullable") return null;
    parts = parts.wrapped as unknown as SchemaParts | undefined;
  }
  return undefined;
}

/** @throws TqError "invalid" with what is wrong with the value. @returns the value, defaults filled in. */
export function checkField(field: Field, value: unknown, action: string): unknown {
  const result = v.safeParse(field.schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new TqError(
    "invalid",
    `Cannot ${action}: ${field.name} cannot be ${Bun.inspect(value, { depth: 1 }).slice(0, 200)}: ${issue.message}`,
  );
}
