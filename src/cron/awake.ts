/**
 * Since when a worker has seen the time pass. A slot since then that it decides late was not missed: the worker ran, and
 * was held up by a locked database, a full disk or a signal.
 */
export interface Awake {
  /** ms since 1970 UTC */
  readonly since: number;
  /** True: the clock was set forward then, or the machine slept. False: the worker started. */
  readonly hasJumped: boolean;
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
