/** @jsxImportSource hono/jsx */
/** The list of tasks: filter it, page through it, and retry, cancel or delete some of them, or all that match. */
import { type Context, Hono } from "hono";
import { isTqError, TqError } from "../../errors.ts";
import { printable } from "../../printable.ts";
import type { ManyMove, ReadFilter, Rest } from "../../store/looking.ts";
import type { Task } from "../../task.ts";
import { findAll, moveThese } from "../../tasks/many.ts";
import { taskPage } from "../../tasks/task-page.ts";
import type { AdminEnv } from "../access/access.ts";
import { readFilter } from "../input/queries.ts";
import type { Desk } from "./desk.tsx";
import { Filter } from "./task-filter.tsx";
import { MOST_NEWER, TaskList, type Verb, VERBS } from "./task-list.tsx";
import { WORDS } from "./words.ts";
import { zoneOf } from "./zone.tsx";

const PAGE_SIZE = 50;

const LIST = { verb: "list", hasLimit: true } as const;

/** The field of the address with the rows that a page has. */
const KEPT = "kept";

/** The fields of the address that are not of the filter. */
const OWN = ["done", KEPT];

export function tasksPages(desk: Desk): Hono<AdminEnv> {
  const app = new Hono<AdminEnv>();
  app.get("/tasks", desk.signedIn, (c) => listPage(c, desk));
  app.post("/tasks/act", desk.formFor("admin"), (c) => act(c, desk));
  return app;
}

async function listPage(c: Context<AdminEnv>, desk: Desk): Promise<Response> {
  const { store } = desk;
  const search = searchOf(c);
  const title = WORDS.pages.tasks;
  const zone = zoneOf(c);
  try {
    const filter = readFilter(search, store.now(), { ...LIST, zone });
    const kept = keptIds(c);
    const rows =
      kept.length === 0 ? await firstRows(desk, filter) : await keptRows(desk, filter, kept);
    const pauses = await store.pauses.list();
    const form = desk.may(c, "admin") ? desk.formToken(c) : null;
    const content = <TaskList {...{ search, zone, ...rows, pauses, form, done: doneWords(c) }} />;
    return await desk.show(c, { title, live: { from: livePath(c, rows.tasks) }, content });
  } catch (error) {
    if (!isTqError(error) || error.code !== "invalid") throw error;
    const content = (
      <>
        <Filter search={search} zone={zone} />
        <p class="sentence bad">⚠ {printable(error.message)}</p>
      </>
    );
    return desk.show(c, { title, status: 422, content });
  }
}

interface Rows {
  readonly tasks: readonly Task[];
  /** Another page has ids below this one; null: there is none. */
  readonly next: number | null;
  readonly rest: Rest | null;
  readonly newer: number;
}

async function firstRows({ store }: Desk, filter: ReadFilter): Promise<Rows> {
  const page = await taskPage(store, { ...filter, limit: PAGE_SIZE + 1 });
  const shown = page.tasks.slice(0, PAGE_SIZE);
  const last = page.tasks.length > PAGE_SIZE ? shown.at(-1) : undefined;
  const rest = last === undefined ? null : await store.countBefore(filter, last.id);
  return { tasks: shown, next: last?.id ?? page.next, rest, newer: 0 };
}

/** The page keeps its rows while it lives, whatever becomes of them: nothing moves under a hand. */
async function keptRows(
  { store }: Desk,
  filter: ReadFilter,
  ids: readonly number[],
): Promise<Rows> {
  const found = await Promise.all(ids.map((id) => store.get(id)));
  const tasks = found.filter((task) => task !== null);
  const after = Math.max(filter.after ?? 0, ...ids);
  const { before: _, ...all } = filter; // those before the first page, too
  const newer = await store.list({ ...all, after, limit: MOST_NEWER + 1 });
  const next = ids.length === PAGE_SIZE ? Math.min(...ids) : null;
  return { tasks, next, rest: null, newer: newer.length };
}

/** The rows that the page has, as its script says. */
function keptIds(c: Context): readonly number[] {
  const ids = c.req.query(KEPT)?.split("-") ?? [];
  return ids.slice(0, PAGE_SIZE).map(Number).filter(isId);
}

function isId(id: number): boolean {
  return Number.isSafeInteger(id) && id > 0;
}

/** Where the page is fetched anew: with the rows that it has. */
function livePath(c: Context, tasks: readonly Task[]): string {
  const given = new URL(c.req.url).searchParams;
  if (tasks.length > 0) given.set(KEPT, tasks.map(({ id }) => id).join("-"));
  return `/tasks?${given}`;
}

/** The filter in the address: a form sends its empty fields, too. */
function searchOf(c: Context): URLSearchParams {
  const given = new URL(c.req.url).searchParams;
  const said = [...given].filter(([name, value]) => value !== "" && !OWN.includes(name));
  return new URLSearchParams(said);
}

/** Moves the chosen tasks, or asks before it moves all that match, or deletes some. */
async function act(c: Context<AdminEnv>, desk: Desk): Promise<Response> {
  const form = await c.req.parseBody({ all: true });
  const search = searchOf(c);
  const isSure = form["sure"] !== undefined;
  const verb = verbOf(form["sure"] ?? form["chosen"] ?? form["all"]);
  const ids = [form["id"] ?? []].flat().map(Number).filter(isId);
  if (form["chosen"] !== undefined || (isSure && ids.length > 0)) {
    if (ids.length === 0) throw new TqError("invalid", WORDS.tasks.chooseFirst);
    if (verb === "delete" && !isSure) {
      const fields = ids.map((id) => ["id", String(id)] as const);
      return ask(c, desk, { verb, rest: { count: ids.length, isAll: true }, fields, search });
    }
    return moved(c, desk, verb, ids, {}, search);
  }
  const newest = Number(textOf(form["newest"]));
  const before = newest + 1;
  const use = { verb, hasLimit: false, zone: zoneOf(c) };
  const filter = { ...readFilter(search, desk.store.now(), use), before };
  if (filter.states === undefined) throw new TqError("invalid", WORDS.tasks.sayStates);
  if (isSure) return moved(c, desk, verb, await findAll(desk.store, filter), filter, search);
  const rest = await desk.store.countBefore(filter, before);
  return ask(c, desk, { verb, rest, fields: [["newest", String(newest)]], search });
}

function verbOf(given: unknown): Verb {
  const verb = (Object.keys(VERBS) as Verb[]).find((one) => one === given);
  if (verb === undefined) throw new TqError("invalid", WORDS.tasks.noVerb);
  return verb;
}

function textOf(given: unknown): string {
  return typeof given === "string" ? given : "";
}

interface Question {
  readonly verb: Verb;
  readonly rest: Rest;
  /** The hidden fields that say which tasks. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly search: URLSearchParams;
}

function ask(c: Context<AdminEnv>, desk: Desk, question: Question): Promise<Response> {
  const { verb, rest, fields, search } = question;
  const words = WORDS.tasks.verbs[verb];
  const content = (
    <>
      <h1>{words.ask(rest.count, rest.isAll)}</h1>
      <p>{verb === "delete" ? WORDS.tasks.gone : WORDS.tasks.later}</p>
      <form method="post" action={`/tasks/act?${search}`}>
        <input type="hidden" name="form_token" value={desk.formToken(c)} />
        {fields.map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <div class="buttons">
          <button name="sure" value={verb}>
            {words.sure(rest.count, rest.isAll)}
          </button>
          <a href={`/tasks?${search}`}>{WORDS.tasks.keep}</a>
        </div>
      </form>
    </>
  );
  return desk.show(c, { title: WORDS.pages.tasks, content });
}

/** Moves those of the tasks that can be moved, and shows the list again. */
async function moved(
  c: Context<AdminEnv>,
  desk: Desk,
  verb: Verb,
  ids: readonly number[],
  filter: ReadFilter,
  search: URLSearchParams,
): Promise<Response> {
  const move: ManyMove = { kind: verb };
  const states = filter.states ?? VERBS[verb].from;
  const count = await moveThese(desk.store, move, ids, { ...filter, states });
  const back = new URLSearchParams(search);
  back.set("done", `${verb}.${count}.${ids.length}`);
  return c.redirect(`/tasks?${back}`, 303);
}

/** Says how many tasks the form before has changed. */
function doneWords(c: Context): string | null {
  const [verb = "", count = "", of = ""] = (c.req.query("done") ?? "").split(".");
  const words = (
    WORDS.tasks.verbs as Record<string, { done: (count: number, of: number) => string }>
  )[verb];
  const isCount = /^\d{1,15}$/.test(count) && /^\d{1,15}$/.test(of);
  return words && isCount ? words.done(Number(count), Number(of)) : null;
}
