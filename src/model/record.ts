/** What a record is to the queue: something with an id. */
import { TqError } from "../errors.ts";

/** The id of a record, or an id itself. @throws TqError "invalid", also for a record without an id. */
export function idOf(value: unknown, call: string): number {
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return value;
    throw new TqError("invalid", `Cannot push ${call}: ${value} is not an id; ids are integers`);
  }
  if (typeof value === "object" && value !== null && "id" in value) {
    const { id } = value as { id: unknown };
    if (typeof id === "number" && Number.isSafeInteger(id) && id !== 0) return id;
    throw new TqError(
      "invalid",
      `Cannot push ${call}: the record is not saved and has no id; save it first`,
    );
  }
  throw new TqError(
    "invalid",
    `Cannot push ${call} for ${Bun.inspect(value, { depth: 0 })}: give a record, an id, or a list of them`,
  );
}
