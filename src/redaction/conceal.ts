/** Takes the secrets out of a task before it is shown: the values of marked fields and arguments, and words that quote them. */
import type { Marks } from "./marks.ts";
import { isRawJson, MASK, Secrets } from "./secrets.ts";

/** The parts of a task that hold secrets; a result that is not known is left out. */
export interface Holder {
  readonly args: unknown;
  readonly context: unknown;
  readonly result?: unknown;
}

/** @param marks null: nothing of the task is secret. */
export function secretsOf({ args, context, result }: Holder, marks: Marks | null): Secrets {
  const secrets = new Secrets();
  if (marks === null) return secrets;
  const take = (secret: unknown) => secrets.add(secret);
  replaceArgs(args, marks, take);
  replaceFields(context, marks, take);
  replaceFields(result, marks, take);
  return secrets;
}

/** @param secrets those of the same task */
export function concealed<T extends Holder>(holder: T, marks: Marks, secrets: Secrets): T {
  const { args, context, result } = holder;
  const shown = {
    ...holder,
    args: quoting(replaceArgs(args, marks, hide), secrets),
    context: quoting(replaceFields(context, marks, hide), secrets),
  };
  if (result === undefined) return shown;
  return { ...shown, result: quoting(replaceFields(result, marks, hide), secrets) };
}

const hide = () => MASK;

/** A value with its marked fields masked, and no words of it quote a secret. */
export function concealedValue(value: unknown, marks: Marks, secrets: Secrets): unknown {
  return quoting(replaceFields(value, marks, hide), secrets);
}

type Replace = (secret: unknown) => unknown;

function replaceArgs(args: unknown, marks: Marks, replace: Replace): unknown {
  if (!Array.isArray(args)) return replaceFields(args, marks, replace);
  return args.map((arg: unknown, place) =>
    marks.hidesArgument(place) ? replace(arg) : replaceFields(arg, marks, replace),
  );
}

/** @param above the keys of the objects around the value, in lower case */
function replaceFields(
  value: unknown,
  marks: Marks,
  replace: Replace,
  above: readonly string[] = [],
): unknown {
  if (typeof value !== "object" || value === null || isRawJson(value)) return value;
  if (Array.isArray(value)) return value.map((one) => replaceFields(one, marks, replace, above));
  return mapObject(value, (field, key) =>
    marks.hidesField(key, above)
      ? replace(field)
      : replaceFields(field, marks, replace, [...above, key.toLowerCase()]),
  );
}

function quoting(value: unknown, secrets: Secrets): unknown {
  if (secrets.areNone) return value;
  if (typeof value === "string") return secrets.hideIn(value);
  if (isNumber(value)) return secrets.hasNumber(value) ? MASK : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => quoting(one, secrets));
  const names = new Set<string>();
  const entries = Object.entries(value).map(
    ([key, field]) => [nameOnce(secrets.hideIn(key), names), quoting(field, secrets)] as const,
  );
  return Object.fromEntries(entries);
}

function isNumber(value: unknown): value is number | object {
  return (
    typeof value === "number" || (typeof value === "object" && value !== null && isRawJson(value))
  );
}

/** Two keys with secrets may look the same without them. */
function nameOnce(key: string, names: Set<string>): string {
  let name = key;
  for (let count = 2; names.has(name); count++) name = `${key} ${count}`;
  names.add(name);
  return name;
}

/** A key may be `__proto__`. */
function mapObject(value: object, map: (field: unknown, key: string) => unknown): object {
  const entries = Object.entries(value).map(([key, field]) => [key, map(field, key)] as const);
  return Object.fromEntries(entries);
}
