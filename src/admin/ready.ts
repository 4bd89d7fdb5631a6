/** `/readyz`: whether tasks can be pushed and run. It needs no token; a caller with one learns more. */
import type { Context, MiddlewareHandler } from "hono";
import type { AdminEnv } from "./access/access.ts";
import { type Caller, mayDo } from "./access/tokens.ts";
import { type Health, type NotServing, notServing } from "./health.ts";
import { answerError } from "./problem.ts";
import type { Report } from "../log/events.ts";

interface ReadyOptions extends Health {
  readonly isReady?: () => boolean;
  readonly report?: Report | undefined;
}

/** Finds out who calls only where the request says it. */
export function callerIfAny(find: MiddlewareHandler<AdminEnv>): MiddlewareHandler<AdminEnv> {
  return async (c, next) => (c.req.header("authorization") === undefined ? next() : find(c, next));
}

/** Without a token it says only words: sentences have paths and names. */
export async function showReady(c: Context<AdminEnv>, options: ReadyOptions): Promise<Response> {
  const found = await reasonsOf(c, options);
  const caller = c.get("caller") as Caller | undefined;
  const sentences = found.map(({ message }) => message);
  const problems = caller !== undefined && mayDo(caller, "read") ? { problems: sentences } : {};
  if (found.length === 0) return c.json({ status: "ready", ...problems });
  const reasons = [...new Set(found.map(({ reason }) => reason))];
  return c.json({ status: "not ready", reasons, ...problems }, 503);
}

async function reasonsOf(c: Context, options: ReadyOptions): Promise<readonly NotServing[]> {
  if (options.isReady?.() === false) {
    return [{ reason: "starting", message: "The worker beside this server loads its models" }];
  }
  try {
    return await notServing(options, await options.store.waiting());
  } catch (error) {
    answerError(c, error, options.report); // for its report alone
    const message = error instanceof Error ? error.message : String(error);
    return [{ reason: "database", message }];
  }
}
