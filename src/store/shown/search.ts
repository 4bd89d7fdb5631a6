/** Searches in tasks that hold secrets: no filter may tell whether a secret is this or that. */
import { errorOf } from "../../error-line.ts";
import { TqError } from "../../errors.ts";
import type { Marks } from "../../redaction/marks.ts";
import { MASK } from "../../redaction/secrets.ts";
import { quote } from "../../quote.ts";
import type { Task } from "../../task.ts";
import type { PathCondition, ReadFilter } from "../looking.ts";

/** True for a filter that looks into what tasks hold. */
export function looksInside({ where = [], argsHave, reasonHas, error }: ReadFilter): boolean {
  return where.length > 0 || (argsHave ?? reasonHas ?? error) !== undefined;
}

/**
 * A filter of the stored tasks that finds at least those which are shown as this one asks: a mask in its texts stands
 * for any characters. Without a mask it is the filter itself.
 */
export function asStored(filter: ReadFilter): ReadFilter {
  const { error, argsHave, reasonHas, states, where = [] } = filter;
  const line = error === undefined ? null : beforeMask(errorOf(error));
  const has = [argsHave, reasonHas].some((text) => text?.includes(MASK) === true);
  const isAsked = where.some(hasMask);
  if (line === null && !has && !isAsked) return filter;
  const { error: _, argsHave: _args, reasonHas: _reason, ...others } = filter;
  const [args, reason] = [besideMask(argsHave), besideMask(reasonHas) || line];
  const isFailed = states === undefined || states.includes("failed");
  return {
    ...others,
    ...(isAsked && { where: where.flatMap(conditionBesideMask) }),
    ...(args && { argsHave: args }),
    ...(reason && { reasonHas: reason }),
    ...(line === null ? error !== undefined && { error } : { states: isFailed ? ["failed"] : [] }),
  };
}

function hasMask({ path, isOneOf = [], has = "" }: PathCondition): boolean {
  return [...path.map(String), ...(isOneOf ?? []), has ?? ""].some((text) => text.includes(MASK));
}

/** The text beside a mask is part of the stored one; a mask alone may stand for any value. */
function conditionBesideMask(condition: PathCondition): PathCondition[] {
  if (!hasMask(condition)) return [condition];
  const { root, path, isOneOf = null, has = null } = condition;
  const texts = (isOneOf ?? []).map((json) => JSON.parse(json) as unknown);
  const [text] = [has, ...texts].filter((one) => typeof one === "string");
  const part = besideMask(text ?? "");
  return path.some((step) => String(step).includes(MASK)) || part === ""
    ? []
    : [{ root, path, has: part }];
}

/** null: no mask is in the line, nor the beginning of one where a long line is cut. */
function beforeMask(line: string): string | null {
  const at = line.indexOf(MASK);
  if (at !== -1) return line.slice(0, at);
  const starts = Array.from(MASK, (_, end) => MASK.slice(0, end + 1));
  const start = starts.find((text) => line.endsWith(text));
  return start === undefined ? null : line.slice(0, -start.length);
}

/** The longest text between the masks, without the quotes of a mask: a number is stored without them. */
function besideMask(text = ""): string {
  const parts = text.split(MASK).map((part) => part.replace(/^"|"$/g, ""));
  return parts.length === 1
    ? text
    : parts.reduce((longest, one) => (one.length > longest.length ? one : longest));
}

/** @throws TqError "invalid" for a condition on a field that is marked. */
export function refuseSecrets({ where = [] }: ReadFilter, marks: Marks): void {
  const secret = where.find((condition) => isSecret(condition, marks));
  if (secret === undefined) return;
  const path = [secret.root, ...secret.path].join(".");
  const why = "it is marked secret, by [admin] redact or by a model";
  throw new TqError("invalid", `Cannot look for ${quote(path)}: ${why}; look for something else`);
}

function isSecret({ path }: PathCondition, marks: Marks): boolean {
  const names: string[] = [];
  for (const step of path) {
    if (typeof step === "number") continue;
    if (marks.hidesField(step, names)) return true;
    names.push(step.toLowerCase());
  }
  return false;
}

/**
 * True where the filter also finds the task as it is shown.
 *
 * @param shown the task without its secrets; it is the stored one where it has none
 * @param stored as the filter `asStored` has found it
 */
export function isFoundAsShown(shown: Task, stored: Task, filter: ReadFilter): boolean {
  return (shown === stored && asStored(filter) === filter) || isFound(shown, filter);
}

function isFound(task: Task, { where = [], argsHave, reasonHas, error }: ReadFilter): boolean {
  const has = (text: string | null, part: string | undefined) =>
    part === undefined || contains(text ?? "", part);
  return (
    has(JSON.stringify(task.args), argsHave) &&
    has(task.reason, reasonHas) &&
    (error === undefined || hasError(task, errorOf(error))) &&
    where.every((condition) => holds(task, condition))
  );
}

function hasError({ state, reason }: Task, error: string): boolean {
  return state === "failed" && reason !== null && errorOf(reason) === error;
}

function contains(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}

function holds(task: Task, condition: PathCondition): boolean {
  const { path, isOneOf = null, has = null } = condition;
  return rootsOf(task, condition).some((root) => {
    const value = valueAt(root, path);
    if (value === undefined) return false;
    if (has !== null) return typeof value === "string" && contains(value, has);
    return isOneOf?.some((json) => isSame(value, json)) === true;
  });
}

function rootsOf({ args, context, instances, result }: Task, { root, path }: PathCondition) {
  const list = Array.isArray(args) ? (args as unknown[]) : [args];
  switch (root) {
    case "args":
      return typeof path[0] === "number" ? [list] : list;
    case "kwargs":
      return list.slice(-1);
    case "context":
      return [context];
    case "result":
      return [result];
    case "instances":
      return path.length === 0 && Array.isArray(instances) ? (instances as unknown[]) : [instances];
  }
}

function valueAt(root: unknown, path: PathCondition["path"]): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return undefined;
    if (!Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

function isSame(value: unknown, json: string): boolean {
  return JSON.stringify(value) === json || (typeof value === "number" && value === Number(json));
}
