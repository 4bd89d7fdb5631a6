/** The moves of a torture against processes and tasks, and their times: the same for the same seed. */
import { Random } from "./random.ts";

export const ROUND_MS = 2_000;

/**
 * The ways in which a transfer misbehaves; each makes its run end badly. It ends its thread (`exit`, `reject`), never
 * ends (`loop`), never ends and holds the write lock (`jam`), or sleeps in its middle (`wait`).
 */
export const MOODS = ["exit", "reject", "loop", "jam", "wait"] as const;

export type Mood = (typeof MOODS)[number];

/**
 * A `worker` or a `producer` is killed, all `workers` at once, or a producer in the middle of a `transaction`;
 * the others are moods of a transfer.
 */
export type Kind = "worker" | "workers" | "producer" | "transaction" | Mood;

export interface Move {
  /** ms since the start of the round. */
  readonly at: number;
  readonly kind: Kind;
  /** Which of the processes; taken modulo their number. */
  readonly which: number;
  /** ms until the killed process is started again. */
  readonly pause: number;
}

/** The moves of a round, in their order. */
export function scheduleOf(seed: number, round: number): Move[] {
  const random = new Random(seed * 1_000_003 + round);
  const kinds: Kind[] = ["worker"];
  if (random.chance(0.6)) kinds.push("worker");
  if (random.chance(0.15)) kinds.push("workers");
  kinds.push(random.chance(0.5) ? "producer" : "transaction");
  for (const mood of MOODS) if (random.chance(mood === "wait" ? 0.8 : 0.4)) kinds.push(mood);
  const moves = kinds.map((kind) => ({
    kind,
    at: random.whole(0, ROUND_MS - 1),
    which: random.whole(0, 999),
    pause: random.whole(0, 300),
  }));
  return moves.sort((a, b) => a.at - b.at);
}
