/** The types that arguments of a task may have; `encoding.ts` has the rules for values. */
import type { Decimal } from "./decimal.ts";

/** The values that JSON has, and those that `encode` writes with a tag and `decode` gives back the same. */
type Carried =
  | null
  | boolean
  | number
  | string
  | bigint
  | Uint8Array
  | Decimal
  | Temporal.Instant
  | Temporal.ZonedDateTime
  | Temporal.PlainDateTime
  | Temporal.PlainDate
  | Temporal.PlainTime
  | Temporal.Duration;

/** Every value that `encode` takes. Refused, though types allow them: NaN, infinity, cycles, lone surrogates. */
export type Encodable =
  Carried | Date | readonly Encodable[] | { readonly [key: string]: Encodable | undefined };

/**
 * The type to push for a parameter of type `T`: `T` itself where JSON can carry every part of it, and `never` at the
 * places where it cannot: functions, symbols, Map, Set, Promise, and objects with methods. A `Date` arrives as a
 * `Temporal.Instant`: it may be pushed for one, and no method receives a `Date`. `unknown` and `any` stay as they are.
 *
 * @example
 * type A = Jsonable<{ id: number; day?: Temporal.PlainDate }>; // the same
 * type B = Jsonable<{ id: number; seen: Set<number> }>; // { id: number; seen: never }
 */
export type Jsonable<T> = unknown extends T
  ? T
  : T extends Carried
    ? T | (T extends Temporal.Instant ? Date : never)
    : T extends readonly unknown[]
      ? { [Index in keyof T]: Jsonable<T[Index]> }
      : T extends object
        ? HasMethods<T> extends true
          ? never
          : { [Key in keyof T]: Key extends symbol ? never : Member<T[Key]> }
        : never;

/** A property that may be undefined: `encode` leaves it out when it is. */
type Member<T> = unknown extends T ? T : Jsonable<Exclude<T, undefined>> | Extract<T, undefined>;

/** A method that is always there counts; one that may be missing makes only its own property never. */
type HasMethods<T extends object> = T extends Callable | Error
  ? true
  : true extends { [Key in keyof T]: IsCallable<T[Key]> }[keyof T]
    ? true
    : false;

type IsCallable<T> = [T] extends [never]
  ? false
  : unknown extends T
    ? false
    : [T] extends [Callable]
      ? true
      : false;

type Callable = ((...args: never) => unknown) | (abstract new (...args: never) => unknown);
