/** @jsxImportSource hono/jsx */
/** The failed tasks by their cause: each group is retried together, once its number is confirmed. */
import { type Context, Hono } from "hono";
import { printable } from "../../printable.ts";
import { type FailedGroup, type FailedGroups, failedGroups } from "../../tasks/failed-groups.ts";
import type { AdminEnv } from "../access/access.ts";
import type { Desk } from "./desk.tsx";
import { Action, rowId, Table, Time } from "./parts.tsx";
import { WORDS } from "./words.ts";

/** More rows help nobody: they are groups of one task. */
const MOST_GROUPS = 100;

export function failedPages(desk: Desk): Hono<AdminEnv> {
  const app = new Hono<AdminEnv>();
  app.get("/failed", desk.signedIn, (c) => failedPage(c, desk));
  return app;
}

async function failedPage(c: Context<AdminEnv>, desk: Desk): Promise<Response> {
  const found = await failedGroups(desk.store);
  const form = desk.may(c, "admin") ? desk.formToken(c) : null;
  const content = <Failed found={found} form={form} />;
  return desk.show(c, { title: WORDS.pages.failed, live: {}, content });
}

interface FailedProps {
  readonly found: FailedGroups;
  /** The secret that a form sends back; null: this person may only look. */
  readonly form: string | null;
}

function Failed({ found: { groups, looked, isAll }, form }: FailedProps) {
  const words = WORDS.failed;
  const hidden = groups.length - MOST_GROUPS;
  return (
    <>
      <h1>{WORDS.pages.failed}</h1>
      {groups.length === 0 ? (
        <p class="quiet">{words.none}</p>
      ) : (
        <>
          <p class="quiet">
            {words.intro(looked, isAll)} <a href="/tasks?state=failed">{words.list}</a>
          </p>
          <Table
            label={WORDS.pages.failed}
            titles={words.columns}
            numbers={words.numbers}
            look="stack"
          >
            {groups.slice(0, MOST_GROUPS).map((group) => (
              <GroupRow group={group} form={form} />
            ))}
          </Table>
          {hidden > 0 && <p class="quiet">{words.more(hidden)}</p>}
        </>
      )}
    </>
  );
}

function GroupRow({ group, form }: { readonly group: FailedGroup; readonly form: string | null }) {
  const { call, count, first, last, newest } = group;
  const words = WORDS.failed;
  const [, , tasks, firstTitle, lastTitle] = words.columns;
  const error = printable(group.error) || words.silent;
  const search = searchOf(group);
  return (
    <tr id={rowId("group", search)}>
      <th scope="row" class="name">
        {printable(call)}
      </th>
      <td class="cut bad" title={error}>
        {error}
      </td>
      <td class="number" data-label={tasks}>
        <a href={`/tasks?${search}`}>{count}</a>
      </td>
      <td data-label={firstTitle}>
        <Time at={first} />
      </td>
      <td data-label={lastTitle}>
        <Time at={last} />
      </td>
      <td>
        {form !== null && group.error !== "" && (
          <Action
            path={`/tasks/act?${search}`}
            formToken={form}
            fields={{ all: "retry", newest: String(newest) }}
            label={words.retryLabel(printable(call), error)}
          >
            {words.retry}
          </Action>
        )}
      </td>
    </tr>
  );
}

/** The filter of the list of tasks that finds them, and no others. */
function searchOf({ model, method, error }: FailedGroup): string {
  return new URLSearchParams({ state: "failed", model, method, error }).toString();
}
