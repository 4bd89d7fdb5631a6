/** The stage on which threads take turns one atomic operation at a time, in an order that the test gives. */
import { createTurnMemory } from "../../src/sqlite/lock/shared-turn.ts";

/** What an actor is about to do, or waits for. */
export const STATE = {
  running: 0,
  /** Before an atomic operation. */
  ready: 1,
  notifying: 2,
  /** Until it is notified. */
  asleep: 3,
  /** The same, with a time limit. */
  dozing: 4,
  /** Has the turn. */
  holding: 5,
  idle: 6,
} as const;

export const COMMAND = { none: 0, go: 1, die: 2, cycle: 3, forget: 4, reset: 5 } as const;

const WORDS = ["state", "index", "command", "argument"] as const;

export function at(slot: number, word: (typeof WORDS)[number]): number {
  return slot * WORDS.length + WORDS.indexOf(word);
}

/** What an actor is given. */
export interface Cast {
  readonly control: Int32Array;
  readonly slot: number;
  /** The memory of the turn. */
  readonly words: Int32Array;
}

/** One step of a schedule: who, and for how many operations; or the death of who. */
export interface Step {
  readonly actor: number;
  readonly times: number;
  readonly dies: boolean;
}

export class Stage {
  readonly #threads: number;
  readonly #words: Int32Array;
  readonly #control: Int32Array;
  readonly #actors: Worker[];
  /** Where each sleeper sleeps, and who of them was notified. */
  readonly #asleep = new Map<number, number>();
  readonly #woken = new Set<number>();
  /** Dead and not yet forgotten; and forgotten, back when the main thread has had the turn. */
  #dead: number[] = [];
  #buried: number[] = [];
  #left: number[] = [];
  /** Turns of the main thread, one after another, while somebody slept. */
  #mainInARow = 0;
  #holder: number | null = null;
  /** When each actor began to take the turn and when it fell asleep over it, and who came later and went first. */
  readonly #began = new Map<number, number>();
  readonly #slept = new Map<number, number>();
  readonly #overtaken = new Map<number, number>();
  #deaths = 0;
  #trace: string[] = [];

  constructor(threads: number) {
    this.#threads = threads;
    this.#words = createTurnMemory(threads);
    const slots = threads + 1;
    this.#control = new Int32Array(new SharedArrayBuffer(slots * WORDS.length * 4));
    this.#actors = Array.from({ length: slots }, (_, slot) => {
      const actor = new Worker(new URL("./turn-actor.ts", import.meta.url).href);
      const [control, words] = [this.#control, this.#words];
      actor.postMessage({ control, slot, words } satisfies Cast);
      return actor;
    });
  }

  async ready(): Promise<void> {
    for (const slot of this.#actors.keys()) {
      const state = Atomics.waitAsync(this.#control, at(slot, "state"), STATE.running);
      if (state.async) await state.value;
    }
  }

  [Symbol.dispose](): void {
    for (const actor of this.#actors) actor.terminate();
  }

  /**
   * Plays a schedule to its end, then everybody else's part in turn.
   *
   * @param cycles how often each actor takes the turn.
   * @throws Error when two have the turn, or nobody can go on.
   */
  play(cycles: readonly number[], steps: readonly Step[]): void {
    this.#reset(cycles);
    for (const { actor, times, dies } of steps) {
      const slot = actor % (this.#threads + 1);
      if (dies && this.#canDie(slot)) this.#die(slot);
      for (let time = 0; time < times && this.#canStep(slot); time++) this.#step(slot);
    }
    for (let steps = 0; this.#goOn(); steps++) {
      if (steps > 10_000) throw new Error(`They never end:${this.#story()}`);
    }
    if (this.#isOver()) return;
    throw new Error(`Nobody can go on:${this.#story()}`);
  }

  /** A step of everybody who can; those with a time limit only when nobody else can. */
  #goOn(): boolean {
    const slots = [...this.#actors.keys()];
    const able = slots.filter((slot) => this.#canStep(slot));
    const dozing = slots.filter((slot) => this.#state(slot) === STATE.dozing);
    const chosen = able.length > 0 ? able : dozing;
    for (const slot of chosen) if (chosen === dozing || this.#canStep(slot)) this.#step(slot);
    return chosen.length > 0;
  }

  #isOver(): boolean {
    const idle = [...this.#actors.keys()].every((slot) => this.#state(slot) === STATE.idle);
    return idle && this.#left.every((left) => left === 0) && this.#dead.length === 0;
  }

  #reset(cycles: readonly number[]): void {
    this.#trace = [];
    this.#asleep.clear();
    this.#woken.clear();
    for (const map of [this.#began, this.#slept, this.#overtaken]) map.clear();
    [this.#dead, this.#buried, this.#holder, this.#deaths] = [[], [], null, 0];
    for (const slot of this.#actors.keys()) {
      while (this.#state(slot) !== STATE.idle) this.#command(slot, COMMAND.die);
      this.#command(slot, COMMAND.reset);
    }
    this.#words.fill(0);
    this.#left = [...this.#actors.keys()].map((slot) => cycles[slot] ?? 1);
  }

  #state(slot: number): number {
    return Atomics.load(this.#control, at(slot, "state"));
  }

  #canDie(slot: number): boolean {
    return slot > 0 && this.#state(slot) !== STATE.idle && !this.#isGone(slot);
  }

  #isGone(slot: number): boolean {
    return this.#dead.includes(slot) || this.#buried.includes(slot);
  }

  #canStep(slot: number): boolean {
    if (this.#isGone(slot)) return false;
    const state = this.#state(slot);
    if (slot === 0 && this.#dead.length > 0 && this.#mayForget(state)) return true;
    if (state === STATE.idle) return (this.#left[slot] ?? 0) > 0;
    return (state !== STATE.asleep && state !== STATE.dozing) || this.#woken.has(slot);
  }

  /** The main thread hears of a death between two pieces of its own work. */
  #mayForget(state: number): boolean {
    return state === STATE.idle || state === STATE.asleep || state === STATE.dozing;
  }

  #step(slot: number): void {
    const state = this.#state(slot);
    if (slot === 0 && this.#dead.length > 0 && this.#mayForget(state)) return this.#forget();
    if (state === STATE.idle) {
      this.#left[slot] = (this.#left[slot] ?? 0) - 1;
      this.#began.set(slot, this.#trace.length);
      return this.#command(slot, COMMAND.cycle);
    }
    if (state === STATE.holding) this.#holder = null;
    if (state === STATE.notifying) this.#notify(slot);
    if (state === STATE.asleep || state === STATE.dozing) this.#wakeUp(slot);
    this.#command(slot, COMMAND.go);
    // With the turn had and given back after it, the main thread has put the tasks of the dead back.
    if (slot === 0 && this.#state(0) === STATE.idle) this.#buried = [];
  }

  #notify(slot: number): void {
    const index = Atomics.load(this.#control, at(slot, "index"));
    for (const [sleeper, place] of this.#asleep) if (place === index) this.#woken.add(sleeper);
  }

  #die(slot: number): void {
    this.#trace.push(`${slot} dies`);
    this.#wakeUp(slot);
    this.#slept.delete(slot);
    this.#deaths += 1;
    this.#command(slot, COMMAND.die);
    this.#dead.push(slot);
  }

  #wakeUp(slot: number): void {
    this.#asleep.delete(slot);
    this.#woken.delete(slot);
  }

  /** The database has rolled back what the dead thread did: its turn is over. */
  #forget(): void {
    const slot = this.#dead.shift() ?? 0;
    if (this.#holder === slot) this.#holder = null;
    this.#buried.push(slot);
    this.#left[0] = (this.#left[0] ?? 0) + 1;
    this.#trace.push(`0 hears of ${slot}`);
    Atomics.store(this.#control, at(0, "argument"), slot);
    this.#command(0, COMMAND.forget);
  }

  /** Lets the actor go on to where it stops next. */
  #command(slot: number, command: number): void {
    const { running } = STATE;
    Atomics.store(this.#control, at(slot, "state"), running);
    Atomics.store(this.#control, at(slot, "command"), command);
    Atomics.notify(this.#control, at(slot, "command"));
    while (this.#state(slot) === running) Atomics.wait(this.#control, at(slot, "state"), running);
    const state = this.#state(slot);
    this.#trace.push(`${slot}:${Object.keys(STATE)[state]}`);
    if (state === STATE.asleep || state === STATE.dozing) {
      if (!this.#asleep.has(slot)) {
        this.#asleep.set(slot, Atomics.load(this.#control, at(slot, "index")));
        if (!this.#slept.has(slot)) this.#slept.set(slot, this.#trace.length);
      }
    } else if (state === STATE.holding) this.#hold(slot);
  }

  #hold(slot: number): void {
    if (this.#holder !== null) {
      throw new Error(`${this.#holder} and ${slot} have the turn:${this.#story()}`);
    }
    this.#holder = slot;
    this.#slept.delete(slot);
    this.#overtaken.delete(slot);
    const began = this.#began.get(slot) ?? 0;
    const passed = [...this.#slept].filter(([, since]) => since < began);
    // The main thread goes before all others, but not twice in a row.
    this.#mainInARow = slot === 0 && passed.length > 0 ? this.#mainInARow + 1 : 0;
    if (this.#mainInARow > 2 + this.#deaths) {
      throw new Error(`The main thread keeps the turn to itself:${this.#story()}`);
    }
    if (slot === 0) return;
    for (const [sleeper] of passed) {
      const times = (this.#overtaken.get(sleeper) ?? 0) + 1;
      this.#overtaken.set(sleeper, times);
      // Once: who comes while the turn is free for a moment may have it. A death leaves it free too.
      if (times > 1 + this.#deaths) throw new Error(`${sleeper} is passed over:${this.#story()}`);
    }
  }

  #story(): string {
    return ` ${JSON.stringify([...this.#words])} after ${this.#trace.join(" ")}`;
  }
}
