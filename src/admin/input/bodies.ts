/** Reads the bodies of requests: within a size, a time, and as much memory as the server has for them. */
import type { Context, MiddlewareHandler, Next } from "hono";
import type { Store } from "../../store/store.ts";
import { formatDuration, MINUTE_MS } from "../../values/duration.ts";
import type { AdminEnv } from "../access/access.ts";
import type { Caller } from "../access/tokens.ts";
import { leaveGarbage } from "../garbage.ts";
import { problem } from "../problem.ts";
import { Room, within } from "./room.ts";

const MAX_BYTES = 1024 * 1024;

/** A client that sends a byte now and then must not keep its request open; 1 MiB comes in time from 18 kB a second on. */
export const BODY_MS = MINUTE_MS;

/** Smaller bodies need no turn, and leave little behind. */
const LARGE_BYTES = 64 * 1024;

/**
 * The bytes of the bodies that are being received. Bun takes in up to 1 MiB of a body that nobody reads, so that one
 * which waits for room would take as much as one that is read: what finds no room is refused.
 */
const ROOMS = {
  small: { all: 12 * MAX_BYTES, one: 8 * MAX_BYTES },
  large: { all: 24 * MAX_BYTES, one: 16 * MAX_BYTES },
  /** Of callers that have shown no token, as those who sign in. */
  others: { all: 4 * MAX_BYTES, one: 2 * MAX_BYTES },
  /** Of callers whose token is being looked up, by their addresses: a server takes its time for that. */
  unknown: { all: 24 * MAX_BYTES, one: 16 * MAX_BYTES },
} as const;

/** A body in chunks does not say its size: it takes room for the first of these that holds what has come of it. */
const STEPS = [4 * 1024, LARGE_BYTES, MAX_BYTES] as const;

/** A body that JavaScript has parsed may take so many times its size. */
const GARBAGE_TIMES = 60;

/**
 * Reads the body, also of a request that needs none, so that it has come before the work begins. Large bodies are
 * worked on one after the other.
 */
export function receiveBody(store: Pick<Store, "after">): MiddlewareHandler<AdminEnv> {
  const [small, large, others] = [ROOMS.small, ROOMS.large, ROOMS.others].map(
    ({ all, one }) => new Room(all, one),
  ) as [Room, Room, Room];
  const turn = new Room(1);

  const enter = (c: Context<AdminEnv>, bytes: number) => {
    const caller = c.get("caller") as Caller | undefined;
    const ofCallers = bytes <= LARGE_BYTES ? small : large;
    const room = caller === undefined ? others : ofCallers;
    return room.tryTake(bytes, caller?.name ?? c.env?.address ?? "");
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
    const { signal } = c.req.raw; // one that is asked for later does not tell of what was before
    let [bytes, leave] = [expected, enter(c, expected)];
    let isOver = false;
    const grow = (size: number) => {
      if (isOver) return false; // it came too late, and has been answered
      if (size <= bytes) return true;
      bytes = STEPS.find((step) => step >= size) ?? MAX_BYTES;
      leave?.();
      leave = enter(c, bytes);
      return leave !== null;
    };
    try {
      if (leave === null) return refuseMany(c);
      const reading = saysItsSize(c) ? whole(c) : chunks(c, grow);
      const refusal = await within(store, BODY_MS, reading, () => refuseSlow(c));
      if (refusal !== undefined) return refusal;
      c.env?.received?.();
      if (bytes <= LARGE_BYTES) return await next();
      const { byteLength } = await c.req.arrayBuffer();
      return await workInTurn(next, byteLength);
    } finally {
      if (signal.aborted || leave === null) leaveGarbage(bytes);
      isOver = true;
      leave?.();
    }
  };
}

/**
 * Room for what comes of bodies before it is known whose they are.
 *
 * @returns takes it for the body of a request: what gives it back; null: there is none.
 */
export function roomForUnknown(): (c: Context<AdminEnv>) => (() => void) | null {
  const room = new Room(ROOMS.unknown.all, ROOMS.unknown.one);
  return (c) => {
    const inChunks = c.req.header("transfer-encoding") !== undefined;
    const bytes = inChunks ? MAX_BYTES : Number(c.req.header("content-length") ?? 0);
    return room.tryTake(Math.min(bytes, MAX_BYTES), c.env?.address ?? "");
  };
}

async function whole(c: Context): Promise<undefined> {
  await c.req.arrayBuffer();
}

/**
 * Reads a body that does not say its size.
 *
 * @param grow takes room for so many bytes; false: there is none.
 */
async function chunks(c: Context, grow: (bytes: number) => boolean): Promise<Response | undefined> {
  const reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined =
    c.req.raw.body?.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done || value === undefined) break;
    size += value.length;
    if (size > MAX_BYTES) return refuseLarge(c);
    if (!grow(size)) return refuseMany(c);
    parts.push(value);
  }
  const { raw } = c.req;
  c.req.raw = new Request(raw, { method: raw.method, body: Buffer.concat(parts) });
  return undefined;
}

function expectedBytes(c: Context): number {
  if (saysItsSize(c)) return Number(c.req.header("content-length"));
  return c.req.raw.body === null ? 0 : STEPS[0];
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

/** It is no fault of the server, and so not in its log, where it would stand for each request of many. */
export function refuseMany(c: Context): Response {
  const message = "Cannot take the body: many are being sent; try again";
  return problem(c, "busy", message, { headers: { "Retry-After": "1" } });
}
