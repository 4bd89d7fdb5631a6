/** The moves of a torture against processes and tasks, and their times: the same for the same seed. */
import { Random } from "./random.ts";

export const ROUND_MS = 2_000;

/**
 * The ways in which a transfer misbehaves, each with its probability in a round; each makes its run end badly. It ends
 * its thread (`exit`, `reject`), never ends (`loop`), never ends and holds the write lock (`jam`), exceeds its time in a
 * native call, which ends its worker (`numb`), sleeps in its middle (`wait`), or ends when its signal says so (`heed`).
 */
const PROBABILITIES = {
  exit: 0.4,
  reject: 0.4,
  loop: 0.4,
  jam: 0.4,
  numb: 0.2,
  wait: 0.8,
  heed: 0.6,
} as const;

export type Mood = keyof typeof PROBABILITIES;

export const MOODS = Object.keys(PROBABILITIES) as Mood[];

/**
 * A `worker` or a `producer` is killed, all `workers` at once, or a producer in the middle of a `transaction`; a worker
 * is told to `stop`; some task is cancelled and retried by hand (`again`); the queue, all methods or one method are
 * paused, and resumed after a while (`pause`). On a server a connection of a process is cut (`backend`), and a worker is
 * stopped for seconds in whatever it does (`stall`). The others are moods of a transfer.
 */
export const KINDS = [
  "worker",
  "workers",
  "stop",
  "producer",
  "transaction",
  "again",
  "pause",
  ...MOODS,
  "backend",
  "stall",
] as const;

export type Kind = (typeof KINDS)[number];

/** More moves of a round where the database is a server's. */
function serverKinds(random: Random): Kind[] {
  const kinds: Kind[] = [];
  for (let count = random.whole(0, 4); count > 0; count--) kinds.push("backend");
  if (random.chance(0.25)) kinds.push("stall");
  return kinds;
}

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
export function scheduleOf(seed: number, round: number, onServer: boolean): Move[] {
  const random = new Random(seed * 1_000_003 + round);
  const kinds: Kind[] = ["worker"];
  if (random.chance(0.6)) kinds.push("worker");
  if (random.chance(0.15)) kinds.push("workers");
  kinds.push(random.chance(0.5) ? "producer" : "transaction");
  if (random.chance(0.4)) kinds.push("stop");
  for (let count = random.whole(0, 10); count > 0; count--) kinds.push("again");
  if (random.chance(0.5)) kinds.push("pause");
  for (const mood of MOODS) if (random.chance(PROBABILITIES[mood])) kinds.push(mood);
  if (onServer) kinds.push(...serverKinds(random));
  const moves = kinds.map((kind) => ({
    kind,
    at: random.whole(0, ROUND_MS - 1),
    which: random.whole(0, 999),
    pause: random.whole(0, 300),
  }));
  return moves.sort((a, b) => a.at - b.at);
}
