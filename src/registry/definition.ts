/** The definition of a model with a table: its name, its fields, its table. */
import { TqError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import type { Table } from "../store/records.ts";
import { type Field, type Fields, toField } from "./fields.ts";
import { inspected } from "../quote.ts";

export interface Definition {
  readonly name: string;
  /** In the order of the table's columns. */
  readonly fields: readonly Field[];
  readonly byName: ReadonlyMap<string, Field>;
  readonly table: Table;
}

/** A registered symbol, as a compiled program may carry two copies of this file. */
export const DEFINITION: unique symbol = Symbol.for("tq.definition") as never;

/** The table of a model; undefined for a model without one. */
export function tableOf(model: object): Table | undefined {
  return definitionOf(model)?.table;
}

function definitionOf(model: object): Definition | undefined {
  return (model as { [DEFINITION]?: Definition })[DEFINITION];
}

/** The table that two models of different names would share. A class on its base's table counts by its base's name. */
export function sharedTable(a: object, b: object): string | undefined {
  const [one, other] = [definitionOf(a), definitionOf(b)];
  const same = one && one.name !== other?.name && one.table.name === other?.table.name;
  return same ? one.table.name : undefined;
}

/** @throws TqError "models" for a name or a field that a model cannot have. */
export function define(name: string, fields: Fields): Definition {
  checkModelName(name);
  const list = Object.entries(fields).map(([key, schema]) => toField(name, key, schema));
  checkCase(name, list);
  return {
    name,
    fields: list,
    byName: new Map(list.map((field) => [field.name, field])),
    table: { name: name.replaceAll(".", "_"), columns: list.map(({ column }) => column) },
  };
}

/** Refuses fields whose names differ only in case, which SQLite ignores. */
function checkCase(model: string, fields: readonly Field[]): void {
  const seen = new Map<string, string>();
  for (const { name } of fields) {
    const twin = seen.get(name.toLowerCase());
    if (twin !== undefined) {
      throw new TqError(
        "models",
        `Cannot make the model ${model}: its fields ${twin} and ${name} would be one column; rename one of them`,
      );
    }
    seen.set(name.toLowerCase(), name);
  }
}

const MODEL_NAME = /^[a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)*$/;

/** @throws TqError "models" for a name that no model, and no function, can have. */
export function checkModelName(name: unknown, kind: "model" | "function" = "model"): void {
  if (typeof name !== "string" || !MODEL_NAME.test(name)) {
    throw new TqError(
      "models",
      `Cannot make the ${kind} ${inspected(name)}: a name has lower-case letters, digits and _, and dots between its parts, like sale.line`,
    );
  }
  if (/^(?:tq_|tq\.|sqlite_)/.test(name)) {
    throw new TqError(
      "models",
      `Cannot make the ${kind} ${name}: names that begin with tq_, tq. or sqlite_ are reserved`,
    );
  }
}

/** @throws TqError "invalid" for values of fields that the model does not have. */
export function checkFieldNames({ name, byName }: Definition, values: unknown): void {
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw new TqError(
      "invalid",
      `Cannot make a ${name} of ${inspected(values)}: give an object with its fields`,
    );
  }
  for (const key of Object.keys(values)) {
    if (byName.has(key)) continue;
    throw new TqError(
      "invalid",
      `Cannot make a ${name}: it has no field ${JSON.stringify(key)}${didYouMean(key, byName.keys())}`,
    );
  }
}
