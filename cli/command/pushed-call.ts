/** The call that the arguments of `tq push` and `tq try` say: a method of a model on instances, or a function. */
import { inShell } from "../../src/in-shell.ts";
import { checkCall, type ModelCatalog } from "../../src/catalog.ts";
import { TqError } from "../../src/errors.ts";
import type { FunctionCall, MethodCall } from "../../src/push/task-options.ts";
import { decode } from "../../src/values/encoding.ts";
import { readArray, readInstances } from "./values.ts";

/** The arguments as they were given. */
interface Given {
  /** The command. */
  readonly verb: "push" | "try";
  readonly model: string;
  /** Of a function: its arguments. */
  readonly method: string | undefined;
  readonly instances: string | undefined;
  /** The value of --args. */
  readonly args: string | undefined;
}

interface Call {
  readonly model: string;
  readonly args?: readonly unknown[];
}

/** @param missing makes the error of an argument that the user has left out. */
type Missing = (name: "method" | "instances") => TqError;

/**
 * @param catalog null where no models are known: then the form of the arguments says whether a function is meant.
 * @throws TqError "invalid" for arguments that make no call, "not_found" for a call to an unknown model or method.
 */
export function readCall(
  given: Given,
  catalog: ModelCatalog | null,
  missing: Missing,
): Promise<Call & (MethodCall | FunctionCall)> {
  const { model, verb } = given;
  const methods = catalog && Object.hasOwn(catalog, model) ? catalog[model] : undefined;
  if (catalog && methods === undefined) {
    checkCall(catalog, model, looksLikeFunction(given) ? null : (given.method ?? null), verb);
  }
  const isFunction = methods === undefined ? looksLikeFunction(given) : methods === null;
  return isFunction ? readFunctionCall(given) : readMethodCall(given, catalog, missing);
}

/** A function has its arguments in one list of JSON, or none. */
function looksLikeFunction({ method, instances }: Pick<Given, "method" | "instances">): boolean {
  return instances === undefined && (method === undefined || isList(method));
}

function isList(text: string): boolean {
  return text.trimStart().startsWith("[");
}

async function readMethodCall(
  { verb, model, method, instances, args }: Given,
  catalog: ModelCatalog | null,
  missing: Missing,
): Promise<Call & MethodCall> {
  if (method === undefined) throw missing("method");
  if (instances === undefined && isList(method)) {
    const [such = "METHOD"] = catalog?.[model] ?? [];
    throw refused(
      verb,
      `${model} is a model, not a function: name a method before the instances, such as tq ${verb} ${model} ${such} ${inShell(method)}`,
    );
  }
  if (instances === undefined) throw missing("instances");
  if (catalog) checkCall(catalog, model, method, verb);
  const ids =
    instances === "-"
      ? readInstances(await readStandardInput("the ids"), "Standard input")
      : readInstances(instances, "INSTANCES");
  return { model, method, instances: ids, ...(args === undefined ? {} : decoded(args, "--args")) };
}

async function readFunctionCall({
  verb,
  model,
  method,
  instances,
  args,
}: Given): Promise<Call & FunctionCall> {
  if (method === undefined)
    return { model, ...(args === undefined ? {} : decoded(args, "--args")) };
  if (instances !== undefined && isCallOfMethod(method, instances)) {
    checkCall({ [model]: null }, model, method, verb);
  }
  if (instances !== undefined || (method !== "-" && !isList(method))) {
    const words = [method, instances].filter((word) => word !== undefined);
    throw refused(
      verb,
      `${model} is a function: give its arguments as one list of JSON: tq ${verb} ${model} ${asList(words)}`,
    );
  }
  if (args !== undefined) {
    throw refused(verb, "the arguments are given twice, in a list and with --args: leave one out");
  }
  if (method !== "-") return { model, ...decoded(method, "ARGS") };
  return { model, ...decoded(await readStandardInput("the arguments"), "Standard input") };
}

/** True where the user takes the function for a model: a name, and ids. */
function isCallOfMethod(method: string, instances: string): boolean {
  return /^[a-zA-Z_]\w*$/.test(method) && /^(?:-|[\d,\s[\]]+)$/.test(instances);
}

/** The list that these words may stand for, quoted for a shell. */
function asList(words: readonly string[]): string {
  const text = JSON.stringify(words.flatMap(valuesOf));
  return text.length > 100 ? `'["a.png", 200]'` : inShell(text);
}

function valuesOf(word: string): unknown[] {
  try {
    const value = JSON.parse(word) as unknown;
    return Array.isArray(value) ? (value as unknown[]) : [value];
  } catch {
    return [word];
  }
}

/** Dates, decimals and the like come with their tags, as in the database. */
function decoded(text: string, what: string): Pick<Call, "args"> {
  readArray(text, what);
  return { args: decode(text, what) as unknown[] };
}

/** Reading can fail: standard input may be a directory. */
async function readStandardInput(what: string): Promise<string> {
  try {
    return await Bun.stdin.text();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TqError(
      "invalid",
      `Cannot read standard input: ${reason}; give ${what} in a file or a pipe`,
      { cause },
    );
  }
}

function refused(verb: Given["verb"], why: string): TqError {
  return new TqError("invalid", `Cannot ${verb}: ${why}`);
}
