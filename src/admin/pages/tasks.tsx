/** @jsxImportSource hono/jsx */
/** The list of tasks: filter it, page through it, and retry, cancel or delete some of them, or all that match. */
import { type Context, Hono } from "hono";
import { isTqError, TqError } from "../../errors.ts";
import type { ManyMove, ReadFilter } from "../../store/looking.ts";
import { findAll, moveThese } from "../../tasks/many.ts";
import { taskPage } from "../../tasks/task-page.ts";
import type { AdminEnv } from "../access/access.ts";
import { readFilter } from "../input/queries.ts";
import type { Desk } from "./desk.tsx";
import { Filter, TaskList, type Verb, VERBS } from "./task-list.tsx";
import { WORDS } from "./words.ts";

const PAGE_SIZE = 50;

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
  try {
    const filter = readFilter(search, store.now());
    const page = await taskPage(store, { ...filter, limit: PAGE_SIZE + 1 });
    const shown = page.tasks.slice(0, PAGE_SIZE);
    const last = page.tasks.length > PAGE_SIZE ? shown.at(-1) : undefined;
    const rest = last === undefined ? null : await store.countBefore(filter, last.id);
    const next = last?.id ?? page.next;
    const pauses = await store.pauses.list();
    const form = desk.may(c, "admin") ? desk.formToken(c) : null;
    const done = doneWords(c);
    const content = <TaskList {...{ search, tasks: shown, pauses, next, rest, form, done }} />;
    return await desk.show(c, { title, content });
  } catch (error) {
    if (!isTqError(error) || error.code !== "invalid") throw error;
    const content = (
      <>
        <Filter search={search} />
        <p class="sentence bad">⚠ {error.message}</p>
      </>
    );
    return desk.show(c, { title, status: 422, content });
  }
}

/** The filter in the address: a form sends its empty fields, too. */
function searchOf(c: Context): URLSearchParams {
  const given = new URL(c.req.url).searchParams;
  const said = [...given].filter(([name, value]) => value !== "" && name !== "done");
  return new URLSearchParams(said);
}

/** Moves the chosen tasks, or asks before it moves all that match. */
async function act(c: Context<AdminEnv>, desk: Desk): Promise<Response> {
  const form = await c.req.parseBody({ all: true });
  const search = searchOf(c);
  const verb = verbOf(form["chosen"] ?? form["all"] ?? form["sure"]);
  const before = Number(textOf(form["newest"])) + 1;
  if (form["chosen"] !== undefined) {
    const ids = [form["id"] ?? []].flat().map(Number).filter(Number.isSafeInteger);
    return moved(c, desk, verb, ids, {}, search);
  }
  const filter = { ...readFilter(search, desk.store.now(), { verb, hasLimit: false }), before };
  if (filter.states === undefined) throw new TqError("invalid", WORDS.tasks.sayStates);
  if (form["sure"] === undefined) return askFirst(c, desk, verb, filter, search);
  return moved(c, desk, verb, await findAll(desk.store, filter), filter, search);
}

function verbOf(given: unknown): Verb {
  const verb = (Object.keys(VERBS) as Verb[]).find((one) => one === given);
  if (verb === undefined) throw new TqError("invalid", WORDS.tasks.noVerb);
  return verb;
}

function textOf(given: unknown): string {
  return typeof given === "string" ? given : "";
}

async function askFirst(
  c: Context<AdminEnv>,
  desk: Desk,
  verb: Verb,
  filter: ReadFilter & { readonly before: number },
  search: URLSearchParams,
): Promise<Response> {
  const { count, isAll } = await desk.store.countBefore(filter, filter.before);
  const words = WORDS.tasks.verbs[verb];
  const content = (
    <>
      <h1>{words.ask(count, isAll)}</h1>
      <p>{WORDS.tasks.later}</p>
      <form method="post" action={`/tasks/act?${search}`}>
        <input type="hidden" name="form_token" value={desk.formToken(c)} />
        <input type="hidden" name="newest" value={String(filter.before - 1)} />
        <div class="buttons">
          <button name="sure" value={verb}>
            {words.all}
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
