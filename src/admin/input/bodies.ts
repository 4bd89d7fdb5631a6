/** Reads the bodies of requests: within a size, a time, and as much memory as the server has for them. */
import type { Context, MiddlewareHandler, Next } from "hono";
import { bodyLimit } from "hono/body-limit";
import { TqError } from "../../errors.ts";
import type { Store } from "../../store/store.ts";
import { formatDuration, MINUTE_MS } from "../../values/duration.ts";
import type { AdminEnv } from "../access/access.ts";
import { problem } from "../problem.ts";
import { Room } from "./room.ts";

const MAX_BYTES = 1024 * 1024;

/** A client that sends a byte now and then must not keep its request open; 1 MiB comes in time from 18 kB a second on. */
export const BODY_MS = MINUTE_MS;

/** Smaller bodies need no turn: what JavaScript makes of a body may take sixty times its size. */
const LARGE_BYTES = 64 * 1024;

/** Large bodies that are read at once; of callers that have shown no token, as those who sign in, fewer. */
const CALLERS_BYTES = 16 * MAX_BYTES;
const OTHERS_BYTES = 4 * MAX_BYTES;

/** After so many bytes of large bodies the garbage is collected: JavaScript would let it grow by hundreds of MB. */
const COLLECT_BYTES = MAX_BYTES;

/**
 * Reads the body, also of a request that needs none, so that it has come before the work begins. Large bodies are
 * worked on one after the other. Bun reads no more of a body than this asks for.
 */
export function receiveBody(store: Pick<Store, "after">): MiddlewareHandler<AdminEnv> {
  const limited = bodyLimit({ maxSize: MAX_BYTES, onError: refuseLarge });
  const ofCallers = new Room(CALLERS_BYTES);
  const ofOthers = new Room(OTHERS_BYTES);
  const turn = new Room(1);
  let collected = 0;

  const within = async <T>(wait: Promise<T>, late: () => T): Promise<T> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const callOff = store.after(BODY_MS, resolve);
    return Promise.race([wait, promise.then(late)]).finally(callOff);
  };

  const read = (c: Context<AdminEnv>) => {
    const reading = limited(c, async () => void (await c.req.arrayBuffer()));
    return within(reading, () => refuseSlow(c));
  };

  const work = async (c: Context<AdminEnv>, next: Next) => {
    c.env?.received?.();
    return next();
  };

  const workInTurn = async (c: Context<AdminEnv>, next: Next, bytes: number) => {
    const leave = await turn.take(1);
    try {
      return await work(c, next);
    } finally {
      collected += bytes;
      if (collected >= COLLECT_BYTES) {
        collected = 0;
        Bun.gc(true);
      }
      leave();
    }
  };

  return async (c, next) => {
    if (c.req.raw.body === null) return work(c, next);
    const expected = expectedBytes(c);
    if (expected <= LARGE_BYTES) return (await read(c)) ?? work(c, next);
    const room = (c.get("caller") as unknown) === undefined ? ofOthers : ofCallers;
    const taking = room.take(Math.min(expected, MAX_BYTES));
    const leave = await within(taking, () => {
      void taking.then((leaveLate) => leaveLate());
      throw busy();
    });
    try {
      const refusal = await read(c);
      if (refusal !== undefined) return refusal;
      const { byteLength } = await c.req.arrayBuffer();
      if (byteLength <= LARGE_BYTES) return await work(c, next);
      return await workInTurn(c, next, byteLength);
    } finally {
      leave();
    }
  };
}

/** A body in chunks does not say its size. */
function expectedBytes(c: Context): number {
  const isChunked = c.req.header("transfer-encoding") !== undefined;
  return isChunked ? MAX_BYTES : Number(c.req.header("content-length") ?? MAX_BYTES);
}

function refuseLarge(c: Context): Response {
  return problem(c, "too_large", "Cannot take the body: it is larger than 1 MiB; push in parts");
}

/** The connection ends with it: what is still to come is no other request. */
function refuseSlow(c: Context): Response {
  const message = `Cannot take the body: it did not come within ${formatDuration(BODY_MS)}; push in parts`;
  return problem(c, "too_slow", message, { headers: { Connection: "close" } });
}

function busy(): TqError {
  return new TqError("busy", "Cannot take the body: many large ones are being sent; try again");
}
