/** The clauses and order of a search, as in Tryton's domains: `["state", "=", "draft"]`. */
import { TqError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import type {
  ColumnValue,
  Condition,
  Operator,
  SearchOptions as RowSearchOptions,
} from "../store/records.ts";
import type { Field } from "./fields.ts";

export type Clause<K extends string> = readonly [
  field: K | "id",
  operator: Operator,
  value: unknown,
];

export interface SearchOptions<K extends string> {
  readonly order?: readonly (readonly [field: K | "id", direction: "ASC" | "DESC"])[];
  readonly limit?: number;
  readonly offset?: number;
}

const OPERATORS: readonly Operator[] = [
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
];

type FieldMap = ReadonlyMap<string, Field>;

/** @throws TqError "invalid" for an unknown field or operator. */
export function toConditions(
  model: string,
  clauses: readonly Clause<string>[],
  fields: FieldMap,
): Condition[] {
  return clauses.map(([name, operator, value]) => {
    const toColumn = codecOf(model, name, fields);
    if (!OPERATORS.includes(operator)) {
      throw new TqError(
        "invalid",
        `Cannot search ${model}: ${JSON.stringify(operator)} is not an operator; use one of ${OPERATORS.join(", ")}`,
      );
    }
    const list = operator === "in" || operator === "not in";
    if (list !== Array.isArray(value)) {
      throw new TqError(
        "invalid",
        `Cannot search ${model}: ${name} ${operator} needs ${list ? "a list" : "one value"}`,
      );
    }
    const column = list ? (value as unknown[]).map(toColumn) : toColumn(value);
    return { column: name, operator, value: column };
  });
}

export function toOrder(
  model: string,
  { order = [], limit, offset }: SearchOptions<string>,
  fields: FieldMap,
): RowSearchOptions {
  for (const [what, value] of Object.entries({ limit, offset })) {
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) continue;
    throw new TqError(
      "invalid",
      `Cannot search ${model}: ${what} cannot be ${Bun.inspect(value)}; it must be an integer from 0 up`,
    );
  }
  return {
    order: order.map(([name, direction]) => {
      codecOf(model, name, fields);
      return { column: name, descending: direction === "DESC" };
    }),
    ...(limit !== undefined && { limit }),
    ...(offset !== undefined && { offset }),
  };
}

function codecOf(model: string, name: string, fields: FieldMap): (value: unknown) => ColumnValue {
  if (name === "id") return (value) => value as ColumnValue;
  const field = fields.get(name);
  if (field) return field.toColumn;
  throw new TqError(
    "invalid",
    `Cannot search ${model}: it has no field ${JSON.stringify(name)}${didYouMean(name, [...fields.keys(), "id"])}`,
  );
}
