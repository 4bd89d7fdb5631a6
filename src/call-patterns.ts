/**
 * Patterns of calls: those of pauses, of sections of tq.toml and of alerts. A function has two names, its own and the
 * one that the database has: `thumbnail` and `thumbnail.call`. So `label.*` is all of `label`, be it model or function.
 */
import { isPattern, matches } from "./patterns.ts";
import { suggest } from "./suggest.ts";
import { callName, FUNCTION_METHOD } from "./task.ts";

/** @param method null for a function. */
export function matchesCall(pattern: string, model: string, method: string | null): boolean {
  return method === null ? matchesName(pattern, model) : matches(pattern, callName(model, method));
}

/** The same for a call as people see it, which does not say whether it is a function's: no method has a further part. */
export function matchesName(pattern: string, name: string): boolean {
  return matches(pattern, name) || matches(pattern, callName(name, FUNCTION_METHOD));
}

/** A call that is known. */
export interface KnownCall {
  readonly model: string;
  /** null for a function. */
  readonly method: string | null;
}

export function isOfAny(pattern: string, calls: readonly KnownCall[]): boolean {
  return calls.some(({ model, method }) => matchesCall(pattern, model, method));
}

/** `; did you mean "order.ship"?` for a name of no call, or nothing: for the name of a model, all its methods. */
export function didYouMeanCall(name: string, calls: readonly KnownCall[]): string {
  const near = isModel(name, calls) ? `${name}.*` : nearCall(name, calls);
  return near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
}

function isModel(name: string, calls: readonly KnownCall[]): boolean {
  return calls.some(({ model, method }) => model === name && method !== null);
}

function nearCall(name: string, calls: readonly KnownCall[]): string | undefined {
  const names = new Set(calls.map(({ model, method }) => callName(model, method)));
  const whole = isPattern(name) ? undefined : suggest(name, names);
  if (whole !== undefined) return whole;
  const dot = name.lastIndexOf(".");
  const models = new Set(calls.map(({ model }) => model));
  const model = dot <= 0 ? undefined : suggest(name.slice(0, dot), models);
  const near = model === undefined ? undefined : model + name.slice(dot);
  return near !== undefined && isOfAny(near, calls) ? near : suggest(name, names);
}
