/** The clauses and order of a search, as in Tryton's domains: `["state", "=", "draft"]`. */
import { TqError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import type {
  ColumnValue,
  Condition,
  Operator,
  SearchOptions as RowSearchOptions,
} from "../store/records.ts";
import type { Definition } from "../registry/definition.ts";
import type { Field } from "../registry/fields.ts";

/** A condition on a field, as in Tryton's domains; a search finds the records for which all of its clauses hold. */
export type Clause<K extends string> = readonly [
  field: K | "id",
  operator: Operator,
  value: unknown,
];

export interface SearchOptions<K extends string> {
  readonly order?: readonly (readonly [field: K | "id", direction: "ASC" | "DESC"])[];
  /** The most records to return. Default: all. */
  readonly limit?: number;
  /** Records to skip first. Default: 0. */
  readonly offset?: number;
}

const OPERATORS = [
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "in",
  "not in",
  "like",
  "not like",
] as const satisfies Operator[];

/** Operators whose answer for the text of JSON differs from that for the values in it. */
const NOT_FOR_JSON: ReadonlyMap<Operator, string> = new Map([
  ["<", "compared with <"],
  ["<=", "compared with <="],
  [">", "compared with >"],
  [">=", "compared with >="],
  ["like", "searched with like"],
  ["not like", "searched with not like"],
]);

/** @throws TqError "invalid" for an unknown field or operator, or a value that does not fit. */
export function toConditions(model: Definition, clauses: readonly Clause<string>[]): Condition[] {
  if (!Array.isArray(clauses)) throw refused(model, `${inspect(clauses)} is not a list of clauses`);
  return clauses.map((clause: Clause<string>) => toCondition(model, clause));
}

function toCondition(model: Definition, clause: Clause<string>): Condition {
  if (!Array.isArray(clause) || clause.length !== 3) {
    throw refused(model, `${inspect(clause)} is not a clause; write it like ["id", "=", 7]`);
  }
  const [name, operator] = clause as Clause<string>;
  const field = fieldOf(model, name);
  if (!OPERATORS.includes(operator)) {
    throw refused(
      model,
      `${inspect(operator)} is not an operator; use one of ${OPERATORS.join(", ")}`,
    );
  }
  const how = NOT_FOR_JSON.get(operator);
  if (how !== undefined) checkNotJson(model, field, how);
  return { column: name, operator, value: operand(model, field, clause as Clause<string>) };
}

function operand(
  model: Definition,
  field: Field | null,
  [name, operator, value]: Clause<string>,
): Condition["value"] {
  const list = operator === "in" || operator === "not in";
  if (list) {
    if (!Array.isArray(value)) throw refused(model, `${name} ${operator} needs a list`);
    if (field?.kind === "blob") throw refused(model, `${name} holds bytes; use = or !=`);
    return value.map((item: unknown) => toColumn(model, field, item));
  }
  if (operator === "like" || operator === "not like") {
    if (typeof value === "string") return value;
    throw refused(model, `${name} ${operator} needs a text, with % for any characters`);
  }
  return toColumn(model, field, value);
}

function toColumn(model: Definition, field: Field | null, value: unknown): ColumnValue {
  if (field) return field.toColumn(value);
  if (value === null || Number.isSafeInteger(value)) return value as number | null;
  throw refused(model, `${inspect(value)} is not an id; ids are integers`);
}

/** @throws TqError "invalid" for an unknown field or direction, or a wrong limit. */
export function toOrder(
  model: Definition,
  { order = [], limit, offset }: SearchOptions<string>,
): RowSearchOptions {
  for (const [what, value] of Object.entries({ limit, offset })) {
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) continue;
    throw refused(model, `${what} cannot be ${inspect(value)}; it must be an integer from 0 up`);
  }
  return {
    order: order.map(([name, direction]) => {
      checkNotJson(model, fieldOf(model, name), "put in order");
      if (direction === "ASC" || direction === "DESC") {
        return { column: name, descending: direction === "DESC" };
      }
      throw refused(model, `the order of ${name} cannot be ${inspect(direction)}; use ASC or DESC`);
    }),
    ...(limit !== undefined && { limit }),
    ...(offset !== undefined && { offset }),
  };
}

/** The field of this name; null for the id. */
function fieldOf(model: Definition, name: string): Field | null {
  if (name === "id") return null;
  const field = model.byName.get(name);
  if (field) return field;
  const near = didYouMean(String(name), [...model.byName.keys(), "id"]);
  throw refused(model, `it has no field ${inspect(name)}${near}`);
}

function checkNotJson(model: Definition, field: Field | null, how: string): void {
  if (field?.kind !== "json") return;
  throw refused(model, `${field.name} is kept as JSON and cannot be ${how}; use =, != or in`);
}

function refused({ name }: Definition, why: string): TqError {
  return new TqError("invalid", `Cannot search ${name}: ${why}`);
}

function inspect(value: unknown): string {
  return Bun.inspect(value, { depth: 1 });
}
