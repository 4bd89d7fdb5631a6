/** Turns an error into the text on standard error and the exit status. */
import { EXIT_CODES, isTqError } from "../../src/errors.ts";
import { userStack } from "../../src/stack.ts";
import { printable, printableJson } from "../../src/printable.ts";

/** For a bug in tq: `EX_SOFTWARE` of sysexits.h. */
export const EXIT_UNEXPECTED = 70;

export interface Explained {
  /** For standard error. */
  readonly text: string;
  /** For a log. */
  readonly message: string;
  readonly status: number;
}

export function explain(
  error: unknown,
  { json, verbose }: { json: boolean; verbose: boolean },
): Explained {
  const known = isTqError(error);
  const status = known ? EXIT_CODES[error.code] : EXIT_UNEXPECTED;
  const message = known
    ? error.message
    : `Unexpected error: ${messageOf(error)}${verbose ? "" : "; -v shows where"}`;
  if (json) {
    return {
      text: printableJson({
        error: {
          code: known ? error.code : "internal",
          message,
          ...(known && error.task && { task: error.task }),
        },
      }),
      message,
      status,
    };
  }
  const lines = [`tq: ${message}`, ...(verbose ? stackOf(error) : [])];
  return {
    text: lines
      .flatMap((line) => line.split("\n"))
      .map(printable)
      .join("\n"),
    message,
    status,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function stackOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const cause =
    error.cause === undefined
      ? []
      : [`caused by ${messageOf(error.cause)}`, ...stackOf(error.cause)];
  const known = isTqError(error);
  // Of a refusal with a cause only the cause tells more: its stack has the user's lines.
  if (known && cause.length > 0) return cause;
  return [userStack(error.stack ?? "", known), ...cause];
}
