/** The clauses and order of a search, as in Tryton's domains: `["state", "=", "draft"]`. */
import { TqError } from "../errors.ts";
import { Decimal } from "../values/decimal.ts";
import { quote } from "../quote.ts";
import { didYouMean, unknownOption } from "../suggest.ts";
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

/** SQLite takes 50,000 bytes, and a letter becomes up to ten: both its cases. */
const LONGEST_PATTERN = 4_000;

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
  if (!Array.isArray(clauses)) throw refused(model, `${quote(clauses)} is not a list of clauses`);
  return clauses.map((clause: Clause<string>) => toCondition(model, clause));
}

function toCondition(model: Definition, clause: Clause<string>): Condition {
  if (!Array.isArray(clause) || clause.length !== 3) {
    throw refused(model, `${quote(clause)} is not a clause; write it like ["id", "=", 7]`);
  }
  const [name, operator] = clause as Clause<string>;
  const field = fieldOf(model, name);
  if (!OPERATORS.includes(operator)) {
    throw refused(
      model,
      `${quote(operator)} is not an operator; use one of ${OPERATORS.join(", ")}`,
    );
  }
  const how = NOT_FOR_JSON.get(operator);
  if (how !== undefined) checkNotJson(model, field, how);
  return (
    withNumbers(model, field, clause as Clause<string>) ?? {
      column: name,
      operator,
      value: operand(model, field, clause as Clause<string>),
    }
  );
}

/** How a condition on decimals is asked for: by their number, not by their text. */
const BY_NUMBER: Partial<Record<Operator, "in" | "not in">> = {
  "=": "in",
  in: "in",
  "!=": "not in",
  "not in": "not in",
};

/** The condition on a column that may hold decimals; null where the clause has none. */
function withNumbers(
  model: Definition,
  field: Field | null,
  [name, operator, value]: Clause<string>,
): Condition | null {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const byNumber = BY_NUMBER[operator];
  if (field?.kind !== "json" || !byNumber || !list.some((item) => item instanceof Decimal)) {
    return null;
  }
  const others = list.filter((item) => !(item instanceof Decimal));
  return {
    column: name,
    operator: byNumber,
    value: others.map((item) => toColumn(model, field, item)),
    numbers: list.filter((item) => item instanceof Decimal),
  };
}

function operand(
  model: Definition,
  field: Field | null,
  [name, operator, value]: Clause<string>,
): Condition["value"] {
  if (operator === "in" || operator === "not in") {
    if (!Array.isArray(value)) throw refused(model, `${name} ${operator} needs a list`);
    if (field?.kind === "blob") throw refused(model, `${name} holds bytes; use = or !=`);
    return value.map((item: unknown) => toColumn(model, field, item));
  }
  if (operator === "like" || operator === "not like") {
    if (typeof value === "string" && value.length <= LONGEST_PATTERN) return value;
    throw refused(
      model,
      `${name} ${operator} needs a text of at most ${LONGEST_PATTERN} characters, with % for any characters`,
    );
  }
  return toColumn(model, field, value);
}

function toColumn(model: Definition, field: Field | null, value: unknown): ColumnValue {
  if (field) return field.toColumn(value);
  if (value === null || Number.isSafeInteger(value)) return value as number | null;
  throw refused(model, `${quote(value)} is not an id; ids are integers`);
}

/** The order and limits of a search. @throws TqError "invalid" for an unknown field or direction, or a wrong limit. */
export function toRowOptions(model: Definition, options: SearchOptions<string>): RowSearchOptions {
  checkOptions(model, options);
  const { order = [], limit, offset } = options;
  for (const [what, value] of Object.entries({ limit, offset })) {
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) continue;
    throw refused(model, `${what} cannot be ${quote(value)}; it must be an integer from 0 up`);
  }
  return {
    order: order.map(([name, direction]) => {
      checkNotJson(model, fieldOf(model, name), "put in order");
      if (direction === "ASC" || direction === "DESC") {
        return { column: name, descending: direction === "DESC" };
      }
      throw refused(model, `the order of ${name} cannot be ${quote(direction)}; use ASC or DESC`);
    }),
    ...(limit !== undefined && { limit }),
    ...(offset !== undefined && { offset }),
  };
}

const OPTIONS = ["order", "limit", "offset"] as const satisfies (keyof SearchOptions<string>)[];

function checkOptions(model: Definition, options: unknown): void {
  if (typeof options !== "object" || options === null) {
    throw refused(
      model,
      `${quote(options)} is no object of options; give { ${OPTIONS.join(", ")} }`,
    );
  }
  const unknown = unknownOption(options, OPTIONS);
  if (unknown !== null) throw refused(model, unknown);
  const { order } = options as { order?: unknown };
  const isKey = (key: unknown) => Array.isArray(key) && key.length === 2;
  if (order === undefined || (Array.isArray(order) && order.every(isKey))) return;
  throw refused(model, `the order cannot be ${quote(order)}; write it like [["id", "ASC"]]`);
}

/** The field of this name; null for the id. */
function fieldOf(model: Definition, name: string): Field | null {
  if (name === "id") return null;
  const field = model.byName.get(name);
  if (field) return field;
  const near = didYouMean(String(name), [...model.byName.keys(), "id"]);
  throw refused(model, `it has no field ${quote(name)}${near}`);
}

function checkNotJson(model: Definition, field: Field | null, how: string): void {
  if (field?.kind !== "json") return;
  throw refused(model, `${field.name} is kept as JSON and cannot be ${how}; use =, != or in`);
}

function refused({ name }: Definition, why: string): TqError {
  return new TqError("invalid", `Cannot search ${name}: ${why}`);
}
