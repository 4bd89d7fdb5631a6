/**
 * A thread that makes no move of its own: before each atomic operation it stops and waits until the test lets
 * it go on, so that the test decides who comes between which two of them. Slot 0 acts as the main thread.
 */
import { MainTurn, ThreadTurn } from "../../src/sqlite/lock/shared-turn.ts";
import { UNWATCHED } from "../support/store.ts";
import { COMMAND, type Cast, STATE, at } from "./turn-stage.ts";

declare const self: Worker;

const real = globalThis.Atomics;

/** Thrown where the test ends the thread. */
class Death extends Error {}

self.onmessage = ({ data }: MessageEvent<Cast>) => {
  const { control, slot, words } = data;
  /** Made when the thread begins, and anew after its death. */
  let turn: ThreadTurn | null = null;
  let main = new MainTurn(words);

  function stop(state: number, index = 0): number {
    real.store(control, at(slot, "index"), index);
    real.store(control, at(slot, "state"), state);
    real.notify(control, at(slot, "state"));
    let command: number = COMMAND.none;
    while (command === COMMAND.none) {
      real.wait(control, at(slot, "command"), COMMAND.none);
      command = real.exchange(control, at(slot, "command"), COMMAND.none);
    }
    if (command === COMMAND.die) throw new Death();
    return command;
  }

  function sleep(index: number, timeout = Infinity): "ok" {
    for (;;) {
      const command = stop(timeout === Infinity ? STATE.asleep : STATE.dozing, index);
      if (command !== COMMAND.forget) return "ok";
      main.forget(real.load(control, at(slot, "argument"))); // what its event loop does meanwhile
    }
  }

  /** Without a word's number the operation is as it was. */
  const stepped = <K extends "load" | "store" | "add" | "exchange" | "compareExchange">(name: K) =>
    ((words: Int32Array, ...rest: [number, number, number]) => {
      stop(STATE.ready);
      return (real[name] as (...all: unknown[]) => number)(words, ...rest);
    }) as (typeof real)[K];

  globalThis.Atomics = {
    load: stepped("load"),
    store: stepped("store"),
    add: stepped("add"),
    exchange: stepped("exchange"),
    compareExchange: stepped("compareExchange"),
    notify(_: Int32Array, index: number) {
      stop(STATE.notifying, index);
      return 0;
    },
    wait(words: Int32Array, index: number, value: number, timeout?: number) {
      stop(STATE.ready);
      return real.load(words, index) === value ? sleep(index, timeout) : "not-equal";
    },
    waitAsync(words: Int32Array, index: number, value: number, timeout?: number) {
      stop(STATE.ready);
      const isEqual = real.load(words, index) === value;
      return { async: false, value: isEqual ? sleep(index, timeout) : "not-equal" };
    },
  } as unknown as typeof Atomics;

  async function cycle(): Promise<void> {
    const mine = slot === 0 ? main : (turn ??= new ThreadTurn(words, slot, UNWATCHED));
    const taken = mine.take();
    if (taken) await taken;
    stop(STATE.holding);
    mine.free();
  }

  async function act(): Promise<never> {
    for (;;) {
      try {
        const command = stop(STATE.idle);
        if (command === COMMAND.cycle) await cycle();
        else if (command === COMMAND.forget) main.forget(real.load(control, at(slot, "argument")));
        else main = new MainTurn(words);
      } catch (error) {
        if (!(error instanceof Death)) throw error;
        turn = null;
      }
    }
  }
  void act();
};
