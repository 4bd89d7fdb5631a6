/** Answers that may have a megabyte: a bounded number at once, as each takes memory until its reader has taken it. */
import type { Context } from "hono";
import { TqError } from "../errors.ts";
import { nextTurn } from "../next-turn.ts";
import type { Store } from "../store/store.ts";
import { SECOND_MS } from "../values/duration.ts";
import type { AdminEnv } from "./access/access.ts";
import { leaveGarbage } from "./garbage.ts";
import { enterWithin, Room } from "./input/room.ts";
import { problem } from "./problem.ts";

/** Half of them for one token. */
const ANSWERS = 8;

/** The longest wait for the end of another answer. */
export const ANSWER_WAIT_MS = 10 * SECOND_MS;

/** The socket takes so much at once, readers or not. */
const PART_BYTES = 64 * 1024;

/** The row, the values and the texts. */
const GARBAGE_TIMES = 4;

export class LargeAnswers {
  readonly #store: Pick<Store, "after">;
  readonly #room = new Room(ANSWERS);

  constructor(store: Pick<Store, "after">) {
    this.#store = store;
  }

  /** @param make is not called before there is room: an answer that waits takes no memory. */
  async answer<R extends Response>(c: Context<AdminEnv>, make: () => Promise<R>): Promise<R> {
    return this.stream(c, async (leave) => {
      const made = await make();
      const bytes = await made.bytes();
      const isSmall = bytes.length <= PART_BYTES || c.req.method === "HEAD";
      if (isSmall) leave();
      else leaveGarbage(bytes.length * GARBAGE_TIMES);
      return new Response(isSmall ? bytes : partsOf(bytes, leave), made) as R;
    });
  }

  /** @param make calls `leave` once the answer is taken; it need not where the client goes away, or an error is thrown. */
  async stream<R extends Response>(
    c: Context<AdminEnv>,
    make: (leave: () => void) => Promise<R>,
  ): Promise<R> {
    const { signal } = c.req.raw; // one that is asked for later does not tell of what was before
    const leave = await this.#enter(c.get("caller").name);
    if (leave === null) return refuse(c) as R;
    try {
      if (signal.aborted) throw new TqError("busy", "The client has gone away");
      signal.addEventListener("abort", leave, { once: true });
      return await make(leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #enter(owner: string): Promise<(() => void) | null> {
    const leave = this.#room.tryTake(1, owner);
    if (leave !== null) return leave;
    const entry = { size: 1, owner, ms: ANSWER_WAIT_MS };
    const leaveLate = await enterWithin(this.#room, entry, this.#store);
    await nextTurn(); // of clients that leave together, one makes room for the next before that one is seen to leave
    return leaveLate;
  }
}

/** It is no fault of the server, and so not in its log, where it would stand for each request of many. */
function refuse(c: Context): Response {
  const message = "Cannot read tasks: many answers wait for their readers; try again";
  return problem(c, "busy", message, { headers: { "Retry-After": "1" } });
}

function partsOf(bytes: Uint8Array<ArrayBuffer>, leave: () => void): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream(
    {
      pull(controller) {
        controller.enqueue(bytes.subarray(at, (at += PART_BYTES)));
        if (at < bytes.length) return;
        leave();
        controller.close();
      },
      cancel: leave,
    },
    { highWaterMark: 0 }, // nothing is read ahead
  );
}
