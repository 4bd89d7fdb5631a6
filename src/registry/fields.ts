/** A field of a ModelSQL: a valibot schema, and the column that holds its values. */
import * as v from "valibot";
import { TqError } from "../errors.ts";
import type { Column, ColumnValue } from "../store/records.ts";
import { KINDS, type Kind } from "./columns.ts";
import { inspected } from "../quote.ts";

export type FieldSchema = v.GenericSchema;
export type Fields = Readonly<Record<string, FieldSchema>>;

/** A field, ready to be written and read. */
export interface Field {
  readonly name: string;
  readonly kind: Kind;
  readonly schema: FieldSchema;
  readonly column: Column;
  /** The value as the column holds it. @throws TqError "invalid" for what it cannot hold. */
  readonly toColumn: (value: unknown) => ColumnValue;
  readonly fromColumn: (value: ColumnValue) => unknown;
  /** True when the value is what was read from the column. */
  readonly isUnchanged: (value: unknown, before: ColumnValue) => boolean;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Names that a record has already, or that JavaScript asks of every object; SQLite ignores their case. */
const TAKEN = new Set(
  ["id", "save", "delete", "then", "toJSON", "__queue__"]
    .concat(Object.getOwnPropertyNames(Object.prototype))
    .map((name) => name.toLowerCase()),
);

/** @throws TqError "models" for a name that cannot be a column, or a schema that cannot be stored. */
export function toField(model: string, name: string, schema: FieldSchema): Field {
  const refuse = (why: string): never => {
    throw new TqError("models", `Cannot make the model ${model}: ${why}`);
  };
  if (!NAME.test(name)) {
    refuse(`a field cannot be named ${JSON.stringify(name)}; use letters, digits and _`);
  }
  if (TAKEN.has(name.toLowerCase())) {
    refuse(`a field cannot be named ${name}: every record has that already; choose another name`);
  }
  if ((schema as { kind?: unknown } | undefined)?.kind !== "schema") {
    refuse(`the field ${name} has no valibot schema; give one, like v.string()`);
  }
  if ((schema as { async?: boolean }).async) refuse(`the schema of ${name} is asynchronous`);
  const kind = kindOf(schema) ?? refuse(`the field ${name} ${whyNot(schema)}`);
  const { type, to, from, same } = KINDS[kind];
  const empty = emptyOf(schema);
  const where = `${model}.${name}`;
  return {
    name,
    kind,
    schema,
    column: {
      name,
      type,
      initial: () => orElse(null, () => (isNothing(empty()) ? null : to(empty(), where))),
      required: () => orElse(false, () => isRequired(schema)),
    },
    toColumn: (value) => (isNothing(value) ? null : to(value, where)),
    fromColumn: (value) => (value === null ? empty() : from(value, where)),
    isUnchanged(value, before) {
      if (before !== null) return !isNothing(value) && same(value, before, where);
      return isNothing(value) || Bun.deepEquals(value, empty(), true);
    },
  };
}

/** Returns what `fn` gives; `otherwise` where a schema throws, as it will for the user who makes a record. */
function orElse<T>(otherwise: T, fn: () => T): T {
  try {
    return fn();
  } catch {
    return otherwise;
  }
}

function isNothing(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** An item of a pipe: its schema, which comes first, or an action. */
interface Item {
  readonly kind: string;
  readonly type: string;
  readonly pipe?: readonly Item[];
}

interface SchemaParts {
  readonly type: string;
  readonly wrapped?: FieldSchema;
  readonly pipe?: readonly Item[];
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
  readonly enum?: Readonly<Record<string, unknown>>;
  readonly class?: unknown;
  readonly default?: unknown;
  readonly fallback?: unknown;
}

/** Types of schemas whose values JSON cannot carry. */
const NOT_STORED = new Set(["map", "set", "function", "symbol", "promise", "blob", "file", "date"]);

/** Transformations that keep the type of a value; "to_m.._value" is to_min_value and to_max_value. */
const SAME_TYPE =
  /^(?:trim|trim_start|trim_end|normalize|to_lower_case|to_upper_case|to_m.._value|readonly|brand|flavor)$/;

/** The items of a pipe after its schema, which may be a pipe itself. */
function actionsOf({ pipe = [] }: Pick<SchemaParts, "pipe">): readonly Item[] {
  const [schema, ...actions] = pipe;
  return schema?.pipe ? [...actionsOf(schema), ...actions] : actions;
}

/** The kind of column for a schema; undefined when its values cannot be stored. */
function kindOf(schema: FieldSchema): Kind | undefined {
  const parts = schema as unknown as SchemaParts;
  const actions = actionsOf(parts);
  // A pipe that transforms may end in a value of any type.
  if (
    actions.some(
      ({ kind, type }) => kind === "schema" || (kind === "transformation" && !SAME_TYPE.test(type)),
    )
  )
    return "json";
  if (NOT_STORED.has(parts.type)) return undefined;
  if (parts.wrapped) return kindOf(parts.wrapped);
  switch (parts.type) {
    case "string":
      return "text";
    case "number":
      return actions.some(({ type }) => type === "integer" || type === "safe_integer")
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

function whyNot(schema: FieldSchema): string {
  let { type, wrapped } = schema as unknown as SchemaParts;
  while (wrapped) ({ type, wrapped } = wrapped as unknown as SchemaParts);
  if (type === "date") {
    return "cannot be a Date, which comes back as a Temporal.Instant; use v.instance(Temporal.Instant)";
  }
  return `cannot be a ${type}: JSON does not carry it; use an array or an object`;
}

const TAKES_NOTHING = new Set(["optional", "undefinedable", "nullish", "nullable"]);

/** The value that NULL reads as: the default where there is one, else undefined or null, as the schema allows. */
function emptyOf(schema: FieldSchema): () => unknown {
  const parts = schema as unknown as SchemaParts;
  if (TAKES_NOTHING.has(parts.type)) {
    const empty = parts.type === "nullable" ? null : undefined;
    // A computed default is for new records only: an old record would read another value each time.
    if (parts.default === undefined || typeof parts.default === "function") return () => empty;
    return () => {
      const result = v.safeParse(schema, empty);
      return result.success ? result.output : empty;
    };
  }
  if (parts.fallback !== undefined && typeof parts.fallback !== "function") {
    return () => v.safeParse(schema, undefined).output;
  }
  return parts.wrapped ? emptyOf(parts.wrapped) : () => undefined;
}

/** True when NULL, as rows older than the column have it, reads as a value that no record of the schema gets. */
function isRequired(schema: FieldSchema): boolean {
  if (isComputed(schema)) return true;
  return [undefined, null].every((nothing) => !v.safeParse(schema, nothing).success);
}

/** True for a default that a function gives: each new record has it, and no older row. */
function isComputed(schema: FieldSchema): boolean {
  const { default: given, fallback, wrapped } = schema as unknown as SchemaParts;
  if (typeof given === "function" || typeof fallback === "function") return true;
  return wrapped !== undefined && isComputed(wrapped);
}

/** @returns the value, defaults filled in. @throws TqError "invalid" for a value that the schema refuses. */
export function checkField(field: Field, value: unknown, action: string): unknown {
  const result = v.safeParse(field.schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  const at = path === null ? field.name : `${field.name}.${path}`;
  const given: unknown = path === null ? value : issue.input;
  throw new TqError(
    "invalid",
    `Cannot ${action}: ${at} cannot be ${inspected(given)}: ${issue.message}`,
  );
}
