/** What is done to the processes and tasks, and when: the same for the same seed. */
import { Random } from "./random.ts";

/** One round: ms. */
export const ROUND = 2_000;

/** Moods of a transfer, each of which ends its thread or its process. */
export const MOODS = ["exit", "reject", "loop", "jam", "wait"] as const;

export type Mood = (typeof MOODS)[number];

/**
 * `worker` and `producer` are killed where they are, `workers` all at once, a producer also in the middle of
 * a `transaction`; a mood is that of a transfer.
 */
export type Kind = "worker" | "workers" | "producer" | "transaction" | Mood;

export interface Move {
  /** Since the start of the round: ms. */
  readonly at: number;
  readonly kind: Kind;
  /** Which of the processes; taken modulo their number. */
  readonly which: number;
  /** Before the killed process is started again: ms. */
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
    at: random.whole(0, ROUND - 1),
    which: random.whole(0, 999),
    pause: random.whole(0, 300),
  }));
  return moves.sort((a, b) => a.at - b.at);
}
