/** Searches in tasks that hold secrets: no filter may tell whether a secret is this or that. */
import { TqError } from "../../errors.ts";
import type { Marks } from "../../redaction/marks.ts";
import { quote } from "../../quote.ts";
import type { Task } from "../../task.ts";
import type { PathCondition, ReadFilter } from "../looking.ts";

/** True for a filter that looks into what tasks hold. */
export function looksInside({ where = [], argsHave, reasonHas }: ReadFilter): boolean {
  return where.length > 0 || argsHave !== undefined || reasonHas !== undefined;
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

/** True where the filter also finds the task as it is shown. @param task without its secrets */
export function isFoundAsShown(task: Task, { where = [], argsHave, reasonHas }: ReadFilter) {
  const has = (text: string | null, part: string | undefined) =>
    part === undefined || contains(text ?? "", part);
  return (
    has(JSON.stringify(task.args), argsHave) &&
    has(task.reason, reasonHas) &&
    where.every((condition) => holds(task, condition))
  );
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
