/** A place in the stream of events. Its text is the id of an event: a client that gives it back goes on from there. */
import { TqError } from "../../errors.ts";
import { quote } from "../../quote.ts";
import type { SeenPushes } from "../../store/task-event-store.ts";

export interface Position {
  /** The id of the last push that was told. */
  readonly pushed: number;
  /** Pushes behind it that were there when the stream began; null: none. */
  readonly seen: SeenPushes | null;
  /** The latest time of an end that was told, in ms since 1970 UTC. */
  readonly endedAt: number;
  /** Ends before this time are not looked for. */
  readonly floor: number;
  /** The ends that were told and would be found again: ids and times. */
  readonly known: ReadonlyMap<number, number>;
  /** Stands for the pauses that were told. */
  readonly pauses: string;
}

export type IdParts = Pick<Position, "pushed" | "endedAt" | "pauses">;

export function idOf({ pushed, endedAt, pauses }: IdParts): string {
  return `${pushed}-${endedAt}-${pauses}`;
}

/** @throws TqError "invalid" */
export function readPosition(text: string): Position {
  const match = /^(\d{1,15})-(\d{1,15})-([\da-f]{1,8})$/.exec(text);
  if (!match) {
    const message = `Cannot go on after ${quote(text)}: it must be the id of an event, as a stream gave it`;
    throw new TqError("invalid", message);
  }
  const [, pushed, endedAt, pauses = ""] = match;
  const at = Number(endedAt);
  const known = new Map<number, number>();
  return { pushed: Number(pushed), seen: null, endedAt: at, floor: at, known, pauses };
}

/** Streams at places with the same key are told the same. */
export function keyOf(position: Position): string {
  const { floor, known, seen } = position;
  let sum = 0;
  for (const id of known.keys()) sum += id;
  const missing = seen?.missing.reduce((all, id) => all + id, 0);
  return [idOf(position), floor, known.size, sum, seen?.upTo, missing].join(" ");
}
