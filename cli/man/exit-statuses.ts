/** The meanings of exit statuses, as docs/commands.md has them. */
import { EXIT_CODES, type ErrorCode } from "../../src/errors.ts";
import { EXIT_UNEXPECTED } from "../command/explain.ts";

const MEANINGS: Readonly<Record<ErrorCode, string>> = {
  invalid: "a value, flag, setting or argument is wrong",
  not_found:
    "the task, model, method, program or database does not exist; the database has no tables of tq",
  conflict: "it exists, but its state does not allow it; a port, pid file or ref is taken",
  busy: "another program or transaction holds the database for longer than database.timeout",
  database:
    "the database cannot be used: not SQLite, from a newer tq, read-only, damaged; a backup cannot be written",
  models: "the models cannot be loaded",
  unauthorized: "the token is missing or wrong, or may not do that",
  full: "the queue or the disk is full: the push or backup is refused",
  uncertain:
    "the disk did not confirm the commit: it may be stored, and may be lost; look, by the ref, before another try",
};

const codes = Object.keys(MEANINGS) as ErrorCode[];

/** Each status and its meaning. */
export const EXIT_STATUSES: readonly (readonly [number, string])[] = [
  [0, "done"],
  [
    1,
    "a task failed (push --wait, worker --drain), tq status found a problem, a service does not run, a task tried with tq try would have failed, or the program of tq run threw",
  ],
  ...codes.map((code) => [EXIT_CODES[code], MEANINGS[code]] as const),
  [EXIT_UNEXPECTED, "a bug in tq; -v shows where"],
];
