/** Every refusal of the admin API has one form: `{"error": {"code": …, "message": …}}`. */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { type ErrorCode, HTTP_STATUS, isTqError } from "../errors.ts";
import type { Report } from "../log/events.ts";

/** "internal" is a bug of tq: the caller learns only that it happened. */
type ProblemCode = ErrorCode | "internal";

export function problem(
  c: Context,
  status: ContentfulStatusCode,
  code: ProblemCode,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return c.json({ error: { code, message } }, status, headers);
}

const HEADERS: Partial<Record<ErrorCode, Record<string, string>>> = {
  unauthorized: { "WWW-Authenticate": "Bearer" },
  busy: { "Retry-After": "1" },
};

/** Answers an error that a handler threw, and reports it unless the caller has caused it. */
export function answerError(c: Context, error: unknown, report: Report | undefined): Response {
  const status = isTqError(error) ? HTTP_STATUS[error.code] : 500;
  if (status >= 500) reportError(c, error, report);
  if (isTqError(error)) return problem(c, status, error.code, error.message, HEADERS[error.code]);
  return problem(c, status, "internal", "Something went wrong inside tq; its log has the details");
}

/** Reports an error, unless the caller has gone away: then its broken request may be the cause. */
export function reportError(c: Context, error: unknown, report: Report | undefined): void {
  if (!c.req.raw.signal.aborted) report?.(noteOf(c, error));
}

function noteOf(c: Context, error: unknown) {
  const isRefusal = isTqError(error);
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const message = `${c.req.method} ${c.req.path}: ${isRefusal ? error.message : text}`;
  return { name: "log.note", level: isRefusal ? "warn" : "error", message } as const;
}
