/** Converts the values of a field to those of its column and back. */
import { decode, encode } from "../values/encoding.ts";
import { TqError } from "../errors.ts";
import { type Column, type ColumnValue, sameValue } from "../store/records.ts";
import { inspected } from "../quote.ts";

export type Kind = "text" | "integer" | "number" | "boolean" | "blob" | "json";

/** A way to store values in a column. None of its functions receives undefined or null. */
export interface ColumnKind {
  readonly type: Column["type"];
  /** @throws TqError "invalid" for a value that would not come back as it went in. */
  readonly to: (value: unknown, where: string) => ColumnValue;
  readonly from: (value: ColumnValue, where: string) => unknown;
  /** True when the value is the one that was read from the column. */
  readonly same: (value: unknown, before: ColumnValue, where: string) => boolean;
}

const identical = (value: unknown, before: ColumnValue): boolean => value === before;

export const KINDS: Record<Kind, ColumnKind> = {
  text: {
    type: "TEXT",
    to(value, where) {
      if (typeof value !== "string") throw refused(where, value, "it holds text");
      if (value.isWellFormed()) return value;
      throw refused(where, value, "half a surrogate pair is not text");
    },
    from: (value) => value,
    same: identical,
  },
  integer: { type: "INTEGER", to: exact, from: (value) => value, same: identical },
  number: { type: "NUMERIC", to: finite, from: (value) => value, same: identical },
  boolean: {
    type: "INTEGER",
    to(value, where) {
      if (typeof value === "boolean") return value ? 1 : 0;
      throw refused(where, value, "it holds true or false");
    },
    from: (value) => value !== 0,
    same: (value, before) => typeof value === "boolean" && value === (before !== 0),
  },
  blob: {
    type: "BLOB",
    to(value, where) {
      if (value instanceof Uint8Array) return value;
      throw refused(where, value, "it holds bytes, as a Uint8Array");
    },
    from: (value) => (value instanceof Uint8Array ? value.slice() : value),
    same: (value, before) => value instanceof Uint8Array && sameValue(value, before),
  },
  json: {
    type: "TEXT",
    to: (value, where) => encode(value, where),
    from: (value, where) => (typeof value === "string" ? decode(value, where) : value),
    same: (value, before, where) => encode(value, where) === before,
  },
};

function exact(value: unknown, where: string): number {
  const number = finite(value, where);
  // A fraction passes: the schema of the field refuses it, and a search may compare with it.
  if (!Number.isInteger(number) || Number.isSafeInteger(number)) return number;
  throw refused(where, value, "it is too big to be exact; use v.bigint()");
}

function finite(value: unknown, where: string): number {
  if (typeof value !== "number") throw refused(where, value, "it holds a number");
  if (!Number.isFinite(value)) throw refused(where, value, "only finite numbers can be stored");
  return value;
}

function refused(where: string, value: unknown, why: string): TqError {
  const given = inspected(value);
  return new TqError("invalid", `${where} cannot be ${given}: ${why}`);
}
