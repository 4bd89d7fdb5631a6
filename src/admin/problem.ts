/**
 * The refusals of the admin API. Those of `/api/v1` are problem documents (RFC 9457) with the code of tq, all others have
 * the form `{"error": {"code": …, "message": …}}`.
 */
import { STATUS_CODES } from "node:http";
import { join, sep } from "node:path";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { type ErrorCode, HTTP_STATUS, isTqError, type TqError } from "../errors.ts";
import type { Report } from "../log/events.ts";

/** The codes that only HTTP has. "internal" is a bug of tq: the caller learns only that it happened. */
export const OWN_STATUS = {
  forbidden: 403,
  method_not_allowed: 405,
  too_slow: 408,
  too_large: 413,
  too_many: 429,
  internal: 500,
} as const satisfies Record<string, ContentfulStatusCode>;

export const STATUS = { ...HTTP_STATUS, ...OWN_STATUS };

export type ProblemCode = keyof typeof STATUS;

interface Details {
  /** The task that is in the way. */
  readonly task?: TqError["task"];
  readonly headers?: Record<string, string>;
}

export function problem(
  c: Context,
  code: ProblemCode,
  message: string,
  { task, headers = {} }: Details = {},
): Response {
  const status = STATUS[code];
  if (!c.req.path.startsWith("/api/v1/")) {
    return c.json({ error: { code, message, ...(task && { task }) } }, status, headers);
  }
  const title = STATUS_CODES[status] ?? "";
  const document = {
    type: "about:blank",
    title,
    status,
    detail: message,
    code,
    ...(task && { task }),
  };
  return c.json(document, status, { ...headers, "Content-Type": "application/problem+json" });
}

/** A refusal with 403 from within a handler. */
export class Forbidden extends Error {}

const HEADERS: Partial<Record<ErrorCode, Record<string, string>>> = {
  unauthorized: { "WWW-Authenticate": "Bearer" },
  busy: { "Retry-After": "1" },
};

/**
 * Answers an error that a handler threw, and reports it where its status says that the server is at fault (5xx).
 *
 * @param folder the database's: the log says where files are, a caller needs their names alone
 */
export function answerError(
  c: Context,
  error: unknown,
  report: Report | undefined,
  folder = "",
): Response {
  if (error instanceof Forbidden) return problem(c, "forbidden", error.message);
  const code = isTqError(error) ? error.code : "internal";
  if (STATUS[code] >= 500) reportError(c, error, report);
  if (!isTqError(error)) {
    return problem(c, code, "Something went wrong inside tq; its log has the details");
  }
  const headers = HEADERS[error.code];
  const isOurs = STATUS[code] >= 500 && folder !== "";
  const message = isOurs ? error.message.replaceAll(join(folder, sep), "") : error.message;
  return problem(c, code, message, { task: error.task, ...(headers && { headers }) });
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
