/**
 * Since when a worker has seen the time pass. A slot since then that it decides late was not missed: the worker ran, and
 * was held up by a locked database, a full disk or a signal.
 */
export interface Awake {
  /** ms since 1970 UTC */
  readonly since: number;
  /** True: the clock was set forward then, or the machine slept. False: the worker started. */
  readonly hasJumped: boolean;
  /** Since when a live worker has the definition; default: all the time. */
  readonly heldSince?: number;
}

/** A wall clock that moved this far from the monotonic one was set, or the machine slept. */
export const JUMP_MS = 1_000;

export class AwakeClock {
  #awake: Awake;
  /** The lead of the wall clock over the monotonic one, which a signal does not stop, and sleep does. */
  #lead: number;

  constructor(wall: number, monotonic: number) {
    this.#awake = { since: wall, hasJumped: false };
    this.#lead = wall - monotonic;
  }

  look(wall: number, monotonic: number): Awake {
    const jump = wall - monotonic - this.#lead;
    this.#lead += jump;
    if (jump > JUMP_MS) this.#awake = { since: wall, hasJumped: true };
    const { since, hasJumped } = this.#awake;
    if (since > wall) this.#awake = { since: wall, hasJumped };
    return this.#awake;
  }
}

/** Since when each recurring task that had no live worker with its definition has one again. */
export class HeldClock {
  readonly #away = new Set<string>();
  readonly #since = new Map<string, number>();

  /** Call it at each look, with each of them. @returns -Infinity: it had one all the time */
  look({ name, held, removedAt }: Held, wall: number): number {
    if (!held || removedAt !== null) this.#away.add(name);
    else if (this.#away.delete(name)) this.#since.set(name, wall);
    return this.#since.get(name) ?? -Infinity;
  }
}

interface Held {
  readonly name: string;
  readonly held: boolean;
  readonly removedAt: number | null;
}
