/** Reads the bodies of requests: within a size, a time, and as much memory as the server has for them. */
import type { Context, MiddlewareHandler, Next } from "hono";
import { bodyLimit } from "hono/body-limit";
import { TqError } from "../../errors.ts";
import type { Store } from "../../store/store.ts";
import { formatDuration, MINUTE_MS } from "../../values/duration.ts";
import type { AdminEnv } from "../access/access.ts";
import type { Caller } from "../access/tokens.ts";
import { leaveGarbage } from "../garbage.ts";
import { problem } from "../problem.ts";
import { enterWithin, Room, within } from "./room.ts";

const MAX_BYTES = 1024 * 1024;

/** A client that sends a byte now and then must not keep its request open; 1 MiB comes in time from 18 kB a second on. */
export const BODY_MS = MINUTE_MS;

/** Smaller bodies need no turn, and leave little behind. */
const LARGE_BYTES = 64 * 1024;

/** Large bodies that are read at once, half of them of one token or address; of callers that have shown no token, as those who sign in, fewer. */
const CALLERS_BYTES = 16 * MAX_BYTES;
const OTHERS_BYTES = 4 * MAX_BYTES;

/** A body that JavaScript has parsed may take so many times its size. */
const GARBAGE_TIMES = 60;

/**
 * Reads the body, also of a request that needs none, so that it has come before the work begins. Large bodies are
 * worked on one after the other. Bun reads no more of a body than this asks for.
 */
export function receiveBody(store: Pick<Store, "after">): MiddlewareHandler<AdminEnv> {
  const options = { maxSize: MAX_BYTES, onError: refuseLarge };
  const limited: MiddlewareHandler<AdminEnv> = bodyLimit(options);
  const ofCallers = new Room(CALLERS_BYTES);
  const ofOthers = new Room(OTHERS_BYTES);
  const turn = new Room(1);

  const whole = async (c: Context<AdminEnv, string>) => {
    await c.req.arrayBuffer();
    c.env?.received?.();
  };

  const read = (c: Context<AdminEnv, string>) => {
    const reading = saysItsSize(c) ? whole(c) : limited(c, () => whole(c));
    return within(store, BODY_MS, reading, () => refuseSlow(c));
  };

  const workInTurn = async (next: Next, bytes: number) => {
    const leave = await turn.take(1);
    try {
      return await next();
    } finally {
      leaveGarbage(bytes * GARBAGE_TIMES);
      leave();
    }
  };

  return async (c, next) => {
    const expected = expectedBytes(c);
    if (expected === 0) {
      c.env?.received?.();
      return next();
    }
    if (expected > MAX_BYTES) return refuseLarge(c);
    if (expected <= LARGE_BYTES) return (await read(c)) ?? next();
    holdBack(c);
    const caller = c.get("caller") as Caller | undefined;
    const room = caller === undefined ? ofOthers : ofCallers;
    const owner = caller?.name ?? c.env?.address ?? "";
    const { signal } = c.req.raw; // one that is asked for later does not tell of what was before
    const leave = await enterWithin(room, { size: expected, owner, ms: BODY_MS }, store);
    if (leave === null) throw busy();
    try {
      if (signal.aborted) throw busy(); // nobody hears it, and Bun would make a buffer for the whole body
      const refusal = await read(c);
      if (refusal !== undefined) return refusal;
      const { byteLength } = await c.req.arrayBuffer();
      if (byteLength <= LARGE_BYTES) return await next();
      return await workInTurn(next, byteLength);
    } finally {
      if (signal.aborted) leaveGarbage(expected);
      leave();
    }
  };
}

/** A body in chunks does not say its size: it counts as the largest. */
function expectedBytes(c: Context): number {
  if (saysItsSize(c)) return Number(c.req.header("content-length"));
  return c.req.raw.body === null ? 0 : MAX_BYTES;
}

/** Bun takes in the whole body while it waits, unless somebody has the stream of it. */
function holdBack(c: Context): void {
  void c.req.raw.body;
}

/**
 * The server reads no more than what the header says. Other ways to learn the size ask for the `body` of the request,
 * which makes a stream of it.
 */
function saysItsSize({ req }: Context): boolean {
  if (req.method !== "POST" || req.header("transfer-encoding") !== undefined) return false;
  return req.header("content-length") !== undefined;
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
