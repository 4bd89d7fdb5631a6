/** `/readyz`: whether tasks can be pushed and run. It needs no token; a caller with one learns more. */
import type { Context, MiddlewareHandler } from "hono";
import { type Finding, sentenceOf } from "../doctor/check.ts";
import type { AdminEnv } from "./access/access.ts";
import { type Caller, mayDo } from "./access/tokens.ts";
import type { Health } from "./health.ts";
import { answerError } from "./problem.ts";
import type { SharedLook } from "./shared-look.ts";
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
export async function showReady(
  c: Context<AdminEnv>,
  options: ReadyOptions,
  look: SharedLook<readonly Finding[]>,
): Promise<Response> {
  const found = await reasonsOf(c, options, look);
  const caller = c.get("caller") as Caller | undefined;
  const told =
    caller !== undefined && mayDo(caller, "read")
      ? { problems: found.map(sentenceOf), findings: found }
      : {};
  if (found.length === 0) return c.json({ status: "ready", ...told });
  const reasons = [...new Set(found.map(({ check }) => check))];
  return c.json({ status: "not ready", reasons, ...told }, 503);
}

async function reasonsOf(
  c: Context,
  options: ReadyOptions,
  look: SharedLook<readonly Finding[]>,
): Promise<readonly Finding[]> {
  if (options.isReady?.() === false) {
    const message = "The worker beside this server loads its models";
    return [{ check: "starting", message, advice: "" }];
  }
  try {
    return await look.ask();
  } catch (error) {
    answerError(c, error, options.report); // for its report alone
    const message = error instanceof Error ? error.message : String(error);
    return [{ check: "database", message, advice: "" }];
  }
}
