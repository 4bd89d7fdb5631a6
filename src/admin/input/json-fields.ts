/**
 * Fields that hold any JSON: arguments and contexts. An issue's text that starts with `:`, `[` or `.` goes on after the
 * field's name, all others complete "it must be …".
 */
import * as v from "valibot";
import { decode, encode } from "../../values/encoding.ts";
import { TqError } from "../../errors.ts";
import { steeringProblem } from "../../push/placement.ts";
import { MAX_LISTED } from "./check.ts";

type JsonObject = Readonly<Record<string, unknown>>;

const OBJECT = v.custom<JsonObject>(
  (input) => typeof input === "object" && input !== null && !Array.isArray(input) && !isRaw(input),
  "a JSON object",
);

/** https://tc39.es/proposal-json-parse-with-source/ is not in TypeScript's library yet. */
const { isRawJSON: isRaw } = JSON as unknown as { isRawJSON: (value: unknown) => boolean };

/** JSON that the run can read: the tags of `encoding.ts` are whole, and nothing is in it that JSON cannot carry. */
export const ARGS = v.pipe(
  v.array(v.unknown(), "a list of arguments like [42]"),
  v.rawCheck(({ dataset, addIssue }) => {
    if (dataset.typed) decoded(dataset.value, addIssue);
  }),
);

/** A JSON object that comes back as an object. */
export const NAMED = v.pipe(
  OBJECT,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const value = decoded(dataset.value, addIssue);
    if (value !== undefined && Object.getPrototypeOf(value) !== Object.prototype) {
      addIssue({ message: ": the key __class__ makes another value of this object; rename it" });
    }
  }),
);

/** The value that the run gets; undefined, and an issue added, where it cannot be read. */
function decoded(value: unknown, addIssue: (issue: { message: string }) => void): unknown {
  try {
    const read = decode(JSON.stringify(value), "");
    encode(read, ""); // refuses what JSON cannot carry; "": check.ts puts the name before the refusal
    return read;
  } catch (error) {
    addIssue({ message: error instanceof TqError ? error.message : ": nested too deeply" });
    return undefined;
  }
}

/** A context, without the keys by which trytond says where and when a task runs. */
export const CONTEXT = v.pipe(
  NAMED,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    let issues = 0;
    for (const key of Object.keys(dataset.value)) {
      const problem = steeringProblem(key, ({ field }) => `the field "${field}"`);
      if (problem === undefined) continue;
      addIssue({ message: `: ${problem}` });
      if ((issues += 1) === MAX_LISTED) return; // no more are listed, and to look for near words takes long
    }
  }),
);
