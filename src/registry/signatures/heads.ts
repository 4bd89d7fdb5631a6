/** The heads of what tasks can call, as the engine has them: plain data that a thread can tell. */
import { callName, FUNCTION_METHOD } from "../../task.ts";
import { BASE, isFunction, methodNames, methodOf, type ModelClass } from "../model-class.ts";
import type { Registry } from "../registry.ts";

export interface CallHead {
  /** The file that exports the model or the function. */
  readonly file: string | null;
  /** The name of the class that has the method; null for a function. */
  readonly owner: string | null;
  /** The name of the method, or of the function. */
  readonly name: string;
  readonly kind: "static" | "instance" | "function";
  /** Its text up to some length, without types: the engine has it after these were taken out. */
  readonly text: string;
}

/** By the name of the call: `sale.process`, or the name of a function. */
export type CallHeads = Readonly<Record<string, CallHead>>;

const MOST_CHARACTERS = 2_000;

export function callHeads(registry: Pick<Registry, "all" | "fileOf">): CallHeads {
  const heads = registry.all().flatMap((model) => {
    const { __name__: name } = model;
    const file = registry.fileOf(name);
    const methods = isFunction(model) ? [FUNCTION_METHOD] : methodNames(model);
    return methods.flatMap((method) => {
      const head = headOf(model, method);
      if (head === null) return [];
      return [[callName(name, isFunction(model) ? null : method), { file, ...head }] as const];
    });
  });
  return Object.assign(Object.create(null), Object.fromEntries(heads)) as CallHeads;
}

function headOf(model: ModelClass, method: string): Omit<CallHead, "file"> | null {
  const found = methodOf(model, method);
  if (found === undefined) return null;
  const { kind, call } = found;
  const text = Function.prototype.toString.call(call).slice(0, MOST_CHARACTERS);
  if (kind === "function") return { owner: null, name: model.__name__, kind, text };
  return { owner: ownerOf(model, method, kind === "static"), name: method, kind, text };
}

/** A class inherits methods: the source has them in the one that wrote them. */
function ownerOf(model: ModelClass, method: string, isStatic: boolean): string | null {
  for (
    let above = model as ModelClass | null;
    above && !Object.hasOwn(above, BASE);
    above = Object.getPrototypeOf(above) as ModelClass | null
  ) {
    if (!Object.hasOwn(isStatic ? above : above.prototype, method)) continue;
    const name: unknown = Object.getOwnPropertyDescriptor(above, "name")?.value;
    return typeof name === "string" ? name : null;
  }
  return null;
}
