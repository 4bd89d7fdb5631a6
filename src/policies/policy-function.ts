/** The functions of a policy: they answer at once, as the run is judged then. */
import { TqError } from "../errors.ts";

/** @throws TqError "invalid" for an async function: its promise would be taken for an answer. */
export function checkedFunction(value: Function, name: string): Function {
  const kind = /^(?:Async)?(?:Generator)?Function$/.exec(value.constructor.name)?.[0];
  if (kind === undefined || kind === "Function") return value;
  const words = kind === "AsyncFunction" ? "an async function" : "a generator";
  throw new TqError("invalid", `${name} cannot be ${words}: it must answer at once`);
}

/** @throws TqError "invalid" for a promise, which an async function returns that looks like another one. */
export function notPromise<Answer>(answer: Answer): Answer {
  if (typeof answer !== "object" || answer === null || !("then" in answer)) return answer;
  Promise.resolve(answer).catch(() => {}); // its rejection would count as a crash
  throw new TqError("invalid", "it returned a promise, and must answer at once");
}
