/** The instances of a push: records or ids, which become ids. */
import { TqError } from "../errors.ts";
import { CHECK_ROW, isModelClass, type ModelClass } from "../registry/model-class.ts";
import { inspected } from "../quote.ts";

/** The call, for the words of errors; `type` is the class that the records must be of, where it is known. */
export interface Target {
  readonly model: string;
  readonly method: string;
  readonly type?: ModelClass;
}

/** A record or an id, or any iterable of them; order and duplicates are kept. */
export function toIds(instances: unknown, target: Target): number | number[] {
  if (typeof instances === "object" && instances !== null && Symbol.iterator in instances) {
    return Array.from(instances as Iterable<unknown>, (item, index) =>
      idOf(item, target, `, instances[${index}]`),
    );
  }
  return idOf(instances, target);
}

function idOf(value: unknown, target: Target, at = ""): number {
  const action = () => `push ${target.model}.${target.method}${at}`;
  const refuse = (why: string): never => {
    throw new TqError("invalid", `Cannot ${action()}: ${why}`);
  };
  if (typeof value === "number") {
    return Number.isSafeInteger(value) ? value : refuse(`${value} is not an id; ids are integers`);
  }
  if (typeof value !== "object" || value === null || !("id" in value)) {
    const given = inspected(value);
    return refuse(`${given} is not an instance; give a record, an id, or a list of them`);
  }
  const other = otherModel(value, target);
  if (other !== undefined)
    return refuse(`the record is of the model ${other}; give its own records`);
  (value as Checked)[CHECK_ROW]?.(action);
  const { id } = value;
  if (id === 0 || id === undefined || id === null) {
    return refuse("the record is not saved and has no id; save it first");
  }
  if (Number.isSafeInteger(id)) return id as number;
  return refuse(`the id of the record is ${inspected(id)}, a ${typeof id}; ids are integers`);
}

interface Checked {
  readonly [CHECK_ROW]?: (action: () => string) => void;
}

/** The name of the model that this record is of, if it is another one: its id means something else there. */
function otherModel(value: object, { model, type }: Target): string | undefined {
  const { constructor } = value;
  if (!isModelClass(constructor) || constructor.__name__ === model) return undefined;
  return type && value instanceof type ? undefined : constructor.__name__;
}
