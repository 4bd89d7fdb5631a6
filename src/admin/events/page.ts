/** Reads the events after a place. */
import type { EventTask, TaskEventsQuery } from "../../store/task-event-store.ts";
import type { Pause } from "../../store/pauses.ts";
import type { Store } from "../../store/store.ts";
import { callName, type TaskState } from "../../task.ts";
import { idOf, type IdParts, type Position } from "./position.ts";

export interface AdminEvent {
  readonly id: string;
  readonly name: "task.pushed" | "task.ended" | "pauses.changed" | "skipped";
  readonly data: object;
  /** The task that it is about. */
  readonly task?: EventTask;
}

export interface Page {
  readonly events: readonly AdminEvent[];
  readonly next: Position;
  /** True: there may be more. */
  readonly isFull: boolean;
}

/** All that one look at the database shares. */
export interface Look {
  readonly now: number;
  readonly pauses: readonly Pause[];
  /** Stands for these pauses. */
  readonly pausesKey: string;
}

/** A page has at most so many pushes, and so many ends. */
const PAGE = 200;

/** An end is told though its time has been passed by less than this: of two at once, or when a clock was set back a little. */
const WINDOW_MS = 2_000;

/** Ends that are to come by more were written by a clock that was ahead: each is told once its time comes. */
const AHEAD_MS = 1_000;

export async function lookAt(store: Store): Promise<Look> {
  const pauses = await store.pauses.list();
  const pausesKey = Bun.hash.crc32(JSON.stringify(pauses)).toString(16);
  return { now: store.now(), pauses, pausesKey };
}

export interface NewestPosition extends Position {
  /** No push has a higher id. */
  readonly highest: number;
}

/** The place after all that has happened. */
export async function newest(store: Store, { now, pausesKey }: Look): Promise<NewestPosition> {
  const { pushed, endedAt, known, highest, beyond } = await store.taskEvents.last(now + AHEAD_MS);
  const times = new Map(known.map((id) => [id, endedAt]));
  for (const { id, at } of beyond?.ends ?? []) times.set(id, at);
  const place = { pushed, seen: beyond?.pushes ?? null, endedAt, floor: endedAt };
  return { ...place, known: times, pauses: pausesKey, highest };
}

/** True where the clock was set back behind this place. */
function isAhead({ endedAt }: IdParts, { now }: Look): boolean {
  return endedAt > now + AHEAD_MS;
}

/** A place for a clock that was set back: what ended since then is told, and some that was told before. */
function setBack(position: Position, { now }: Look): Position {
  return { ...position, endedAt: now, floor: 0, known: new Map() };
}

function queryOf(
  { pushed, seen, endedAt, floor, known }: Omit<Position, "pauses">,
  now: number,
): Omit<TaskEventsQuery, "limit"> {
  const endedFrom = Math.max(floor, endedAt - WINDOW_MS);
  return { pushed, seen, endedFrom, endedUntil: now + AHEAD_MS, known: [...known.keys()] };
}

export async function readPage(store: Store, given: Position, look: Look): Promise<Page> {
  const position = isAhead(given, look) ? setBack(given, look) : given;
  const query = { ...queryOf(position, look.now), limit: PAGE };
  const { pushed, ended } = await store.taskEvents.read(query);
  const at: { -readonly [K in keyof IdParts]: IdParts[K] } = { ...position };
  const events: AdminEvent[] = [];
  for (const task of pushed) {
    at.pushed = task.id;
    events.push(taskEvent("task.pushed", idOf(at), task));
  }
  const known = new Map(position.known);
  for (const task of ended) {
    at.endedAt = Math.max(at.endedAt, task.at);
    known.set(task.id, task.at);
    events.push(taskEvent("task.ended", idOf(at), task));
  }
  if (at.pauses !== look.pausesKey) {
    at.pauses = look.pausesKey;
    events.push({ id: idOf(at), name: "pauses.changed", data: { pauses: look.pauses.map(shown) } });
  }
  const from = at.endedAt - WINDOW_MS;
  for (const [id, time] of known) if (time < from) known.delete(id);
  const floor = position.floor < from ? 0 : position.floor;
  const isFull = pushed.length === PAGE || ended.length === PAGE;
  const seen = position.seen !== null && at.pushed < position.seen.upTo ? position.seen : null;
  const next = events.length === 0 && position === given ? given : { ...at, seen, floor, known };
  return { events, next, isFull };
}

function taskEvent(name: "task.pushed" | "task.ended", id: string, task: EventTask): AdminEvent {
  const { model, method, at, ...rest } = task;
  const time = name === "task.pushed" ? "enqueued_at" : "finished_at";
  const { id: number, state, queue, reason } = rest;
  const call = callName(model, method);
  const data = { id: number, state, queue, call, reason, [time]: new Date(at).toISOString() };
  return { id, name, data, task };
}

function shown({ kind, name, by, reason, since, until }: Pause): object {
  const iso = (time: number) => new Date(time).toISOString();
  return { kind, name, by, reason, since: iso(since), until: until === null ? null : iso(until) };
}

/** Left-out events are counted up to this number: some ms. */
const MOST_COUNTED = 10_000;

/** Leaves out all that has happened since this place, and says how much that is. */
export async function skipTo(
  store: Store,
  position: Position,
  look: Look,
): Promise<Pick<Page, "events" | "next">> {
  const { highest: _, ...last } = await newest(store, look);
  const next = { ...last, pauses: position.pauses };
  const query = { ...queryOf(position, look.now), limit: MOST_COUNTED };
  const { pushed, ended } = await store.taskEvents.count(query);
  if (pushed + ended === 0) return { events: [], next: position };
  const atLeast = Math.max(pushed, ended) === MOST_COUNTED ? { at_least: true } : {};
  const data = { pushed, ended, ...atLeast, why: "too many at once" };
  return { events: [{ id: idOf(next), name: "skipped", data }], next };
}

/** Says of a place that a client gave what cannot be told from there; null: all can. */
export function unknownPlace(
  position: Position,
  newestPlace: NewestPosition,
  look: Look,
): { readonly event: AdminEvent; readonly position: Position } | null {
  const why =
    position.pushed > newestPlace.highest
      ? "the id is of another database"
      : isAhead(position, look)
        ? "the clock was set back"
        : null;
  if (why === null) return null;
  const { highest: _, ...last } = newestPlace;
  const next = { ...last, pushed: Math.min(position.pushed, last.pushed) };
  return { event: { id: idOf(next), name: "skipped", data: { why } }, position: next };
}

export interface EventFilter {
  /** True for tasks whose events are told. */
  readonly takes: (task: { queue: string; model: string; state: TaskState }) => boolean;
  /** Streams with the same key are told the same. */
  readonly key: string;
}

/** As server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function textOf(events: readonly AdminEvent[], { takes }: EventFilter): string {
  const told = events.filter(({ task }) => task === undefined || takes(task));
  return told
    .map(({ id, name, data }) => `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
    .join("");
}
