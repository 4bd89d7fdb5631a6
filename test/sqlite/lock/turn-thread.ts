/** A thread of turn.test.ts: takes the turn again and again, or until it is killed while it has it. */
import { ThreadTurn } from "../../../src/sqlite/lock/shared-turn.ts";
import { UNWATCHED } from "../../support/store.ts";

declare const self: Worker;

export interface TurnWork {
  readonly shared: Int32Array;
  readonly thread: number;
  /** A counter that only who has the turn may touch; not atomic on purpose. */
  readonly counter: SharedArrayBuffer;
  /** Takes the turn so often; "hold" takes it and never gives it back. */
  readonly times: number | "hold";
}

self.onmessage = ({ data }: MessageEvent<TurnWork>) => {
  const turn = new ThreadTurn(data.shared, data.thread, UNWATCHED);
  const counter = new Int32Array(data.counter);
  if (data.times === "hold") {
    void turn.take();
    self.postMessage("holds");
    for (;;);
  }
  for (let time = 0; time < data.times; time++) {
    void turn.take();
    const before = counter[0] ?? 0;
    for (let spin = 0; spin < 50; spin++) counter[1] = spin;
    counter[0] = before + 1;
    turn.free();
  }
  self.postMessage("done");
};
