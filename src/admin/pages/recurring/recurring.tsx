/** @jsxImportSource hono/jsx */
/** The recurring tasks: when they come, and what became of their last slots. */
import { type Context, Hono } from "hono";
import { printable } from "../../../printable.ts";
import { type Listed, listRecurring, recurringNotes } from "../../../tasks/cron/listed.ts";
import type { AdminEnv } from "../../access/access.ts";
import { filesNow } from "../../v1/cron-changes.ts";
import type { Desk } from "../desk.tsx";
import { rowId, Table, Time } from "../parts.tsx";
import { WORDS } from "../words.ts";
import { recurringPage } from "./one.tsx";
import { Marks, Outcome } from "./signs.tsx";

export function recurringPages(desk: Desk): Hono<AdminEnv> {
  const app = new Hono<AdminEnv>();
  app.get("/recurring", desk.signedIn, (c) => listPage(c, desk));
  app.route("/recurring/:name", recurringPage(desk));
  return app;
}

async function listPage(c: Context<AdminEnv>, desk: Desk): Promise<Response> {
  const { store, options } = desk;
  const notes = await recurringNotes(store);
  const tasks = await listRecurring(store, filesNow(options), (why) => notes.push(why));
  const words = WORDS.recurring;
  const content = (
    <>
      <h1>{WORDS.pages.recurring}</h1>
      {notes.map((note) => (
        <p class="note warn">⚠ {printable(note)}.</p>
      ))}
      {tasks.length === 0 ? (
        <p class="quiet">{words.none}</p>
      ) : (
        <Table label={WORDS.pages.recurring} titles={words.columns} look="stack">
          {tasks.map((task) => (
            <TaskRow task={task} now={store.now()} />
          ))}
        </Table>
      )}
    </>
  );
  return desk.show(c, { title: WORDS.pages.recurring, live: {}, content });
}

function TaskRow({ task, now }: { readonly task: Listed; readonly now: number }) {
  const { name, words: said, schedule, time_zone: zone, task: call, next, last } = task;
  const words = WORDS.recurring;
  return (
    <tr id={rowId("recurring", name)}>
      <th scope="row">
        <a href={`/recurring/${encodeURIComponent(name)}`}>{printable(name)}</a>
        <Marks task={task} now={now} />
      </th>
      <td data-label={words.columns[1]}>
        <Time at={next} />
      </td>
      <td data-label={words.columns[2]}>
        {last === null ? (
          <span class="quiet">–</span>
        ) : (
          <>
            <Outcome slot={last} /> <Time at={last.slot} />
          </>
        )}
      </td>
      <td class="wrap">
        {printable(said ?? schedule)}
        {zone !== null && <span class="quiet"> {WORDS.recurring.zone(zone)}</span>}
      </td>
      <td class="cut">{printable(call)}</td>
    </tr>
  );
}
