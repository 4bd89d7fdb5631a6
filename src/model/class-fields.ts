/**
 * Fields of a model that its class declares once more: `n!: number` or `state = "draft"`. JavaScript defines them
 * after the constructor of `ModelSQL` has run, over the values that it was given.
 */
import { TqError } from "../errors.ts";
import { DEFINITION, type Definition } from "../registry/definition.ts";

export interface RecordClass<R extends object = object> {
  new (values?: object): R;
  readonly name: string;
  readonly [DEFINITION]: Definition;
}

/** The class that is being tried out. */
let trial: RecordClass | null = null;

/** True in the constructor of a record that tries out its class: the record has places for its fields, no values. */
export function isTrial(model: unknown): boolean {
  return trial === model;
}

/** A place for a field: a class field defines it again, and nothing else in a constructor changes it. */
export const PLACE: PropertyDescriptor = {
  configurable: true,
  enumerable: true,
  get: () => undefined,
  set: () => {},
};

const known = new WeakMap<RecordClass, ReadonlySet<string>>();

/** The names of the fields that a class defines itself. A record without values shows them, as `browse` makes one. */
function classFields(model: RecordClass): ReadonlySet<string> {
  let names = known.get(model);
  if (!names) known.set(model, (names = tryOut(model)));
  return names;
}

function tryOut(model: RecordClass): ReadonlySet<string> {
  const names = [...model[DEFINITION].byName.keys()];
  const before = trial;
  trial = model;
  try {
    const record = new model();
    return new Set(
      names.filter((name) => "value" in (Object.getOwnPropertyDescriptor(record, name) ?? {})),
    );
  } catch {
    return new Set(); // `browse` will meet the error of its constructor
  } finally {
    trial = before;
  }
}

/** A new record with these values: the values that its class sets are only defaults. */
export function makeRecord<R extends object>(model: RecordClass<R>, values: object): R {
  const hidden = hiddenBy(model, values);
  if (hidden.length === 0) return new model(values);
  const first: Record<string, unknown> = { ...values };
  for (const [name] of hidden) first[name] = undefined;
  return Object.assign(new model(first), Object.fromEntries(hidden));
}

/** @throws TqError "invalid" for a value that the class would overwrite. */
export function checkNotHidden(model: RecordClass, values: object): void {
  const [lost] = hiddenBy(model, values);
  if (!lost) return;
  const [name] = lost;
  throw new TqError(
    "invalid",
    `Cannot make a ${model[DEFINITION].name} with ${name}: the class ${model.name} sets ${name} itself and overwrites the given value; write "declare ${name}" there and put a default into its schema, or use create`,
  );
}

const NOTHING: readonly [string, unknown][] = [];

/** The given values that the class would overwrite. */
function hiddenBy(model: RecordClass, values: object): readonly [string, unknown][] {
  const fields = classFields(model);
  if (fields.size === 0) return NOTHING;
  // JavaScript may give null, which the constructor refuses.
  return Object.entries(values ?? {}).filter(
    ([name, value]) => fields.has(name) && value !== undefined,
  );
}
