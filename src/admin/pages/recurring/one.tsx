/** @jsxImportSource hono/jsx */
/** One recurring task: its next times, its history, and what can be done with it. */
import { type Context, Hono } from "hono";
import { printable } from "../../../printable.ts";
import { pauseCron, resumeCron } from "../../../tasks/cron/control.ts";
import { changeSentences, type Explanation } from "../../../tasks/cron/explanation.ts";
import { takeUp } from "../../../tasks/cron/known.ts";
import { explainedRecurring, type Listed } from "../../../tasks/cron/listed.ts";
import { type RecurringSlot, recurringSlot } from "../../../tasks/cron/recurring.ts";
import { type AdminEnv, callerName } from "../../access/access.ts";
import { filesNow, runAllowed } from "../../v1/cron-changes.ts";
import type { Desk } from "../desk.tsx";
import { fieldsOf, PauseForm, pauseFields, type Refused, refusedForm } from "../form.tsx";
import { Action, Fact, Table, tasksPath, Time } from "../parts.tsx";
import { PushKeyField, pushKeyOf } from "../push-once.tsx";
import { WORDS } from "../words.ts";
import { zoneOf } from "../zone.tsx";
import { Marks, Outcome } from "./signs.tsx";

const SHOWN_SLOTS = 50;

export function recurringPage(desk: Desk): Hono<AdminEnv> {
  const { store, options } = desk;
  const nameOf = (c: Context): string => c.req.param("name") ?? "";
  const pathOf = (name: string) => `/recurring/${encodeURIComponent(name)}`;
  const app = new Hono<AdminEnv>();
  app.get("/", desk.signedIn, (c) => showPage(c, desk, nameOf(c)));
  app.post("/run", desk.formFor("admin"), async (c) => {
    const fields = await fieldsOf(c);
    const key = pushKeyOf(c, fields);
    const by = callerName(c);
    const run = { by, force: fields["force"] !== undefined, ...(key !== undefined && { key }) };
    const task = await runAllowed(options, nameOf(c), run);
    return c.redirect(task === null ? `${pathOf(nameOf(c))}?done=run` : `/tasks/${task}`, 303);
  });
  app.post("/pause", desk.formFor("admin"), async (c) => {
    const name = nameOf(c);
    try {
      const pause = await pauseFields(c, `Cannot pause ${name}`, store.now());
      await takeUp(store, filesNow(options), name);
      await pauseCron(store, name, { by: callerName(c), ...pause });
    } catch (error) {
      return showPage(c, desk, name, await refusedForm(c, error));
    }
    return c.redirect(pathOf(name), 303);
  });
  app.post("/resume", desk.formFor("admin"), async (c) => {
    await resumeCron(store, nameOf(c));
    return c.redirect(pathOf(nameOf(c)), 303);
  });
  return app;
}

async function showPage(
  c: Context<AdminEnv>,
  desk: Desk,
  name: string,
  refused?: Refused,
): Promise<Response> {
  const { store, options } = desk;
  const { task, explanation } = await explainedRecurring(store, filesNow(options), name);
  const slots = (await store.cron.slots(name, SHOWN_SLOTS)).map(recurringSlot);
  const form = desk.may(c, "admin") ? desk.formToken(c) : null;
  const now = store.now();
  const done = c.req.query("done") === "run" ? WORDS.recurring.ranOwn : null;
  const zone = zoneOf(c);
  const content = <Recurring {...{ task, explanation, slots, form, now, done, zone, refused }} />;
  if (refused !== undefined) return desk.show(c, { title: name, status: 422, content });
  return desk.show(c, { title: name, live: {}, content });
}

interface RecurringProps {
  readonly task: Listed;
  readonly explanation: Explanation;
  readonly slots: readonly RecurringSlot[];
  /** The secret that a form sends back; null: this person may only look. */
  readonly form: string | null;
  readonly now: number;
  readonly done: string | null;
  readonly zone: string | undefined;
  readonly refused: Refused | undefined;
}

function Recurring(props: RecurringProps) {
  const { task, explanation, slots, form, now, done, zone, refused } = props;
  const words = WORDS.recurring;
  return (
    <>
      <h1>{printable(task.name)}</h1>
      {done !== null && (
        <p class="done" role="status">
          ✓ {done}
        </p>
      )}
      <p class="sentence">{printable(task.words ?? task.schedule)}</p>
      <Marks task={task} now={now} />
      {form !== null && <Actions task={task} form={form} zone={zone} refused={refused} />}
      <Facts task={task} />
      <h2>{words.next}</h2>
      <NextTimes explanation={explanation} />
      <h2>{words.changes}</h2>
      {changeSentences(explanation).map((sentence) => (
        <p>{printable(sentence)}</p>
      ))}
      <h2>{words.history}</h2>
      {slots.length === 0 ? <p class="quiet">{words.never}</p> : <History slots={slots} />}
    </>
  );
}

interface ActionsProps extends Pick<RecurringProps, "task" | "zone" | "refused"> {
  readonly form: string;
}

function Actions({ task, form, zone, refused }: ActionsProps) {
  const words = WORDS.recurring;
  const path = (verb: string) => `/recurring/${encodeURIComponent(task.name)}/${verb}`;
  return (
    <>
      <form method="post" action={path("run")} class="line" id="run" hx-morph-skip>
        <input type="hidden" name="form_token" value={form} />
        <PushKeyField />
        <button>{words.run}</button>
        <label class="check">
          <input type="checkbox" name="force" value="yes" />
          {words.force}
        </label>
      </form>
      {task.pause === null ? (
        <PauseForm
          path={path("pause")}
          formToken={form}
          label={words.pause}
          zone={zone}
          refused={refused}
        />
      ) : (
        <Action path={path("resume")} formToken={form}>
          {words.resume}
        </Action>
      )}
    </>
  );
}

function Facts({ task }: { readonly task: Listed }) {
  const words = WORDS.recurring;
  const { facts } = words;
  return (
    <dl class="facts">
      <Fact name={facts.schedule}>
        <code>{printable(task.schedule)}</code>
      </Fact>
      <Fact name={facts.zone}>{task.time_zone ?? words.here}</Fact>
      <Fact name={facts.calls}>{printable(task.task)}</Fact>
      <Fact name={facts.queue}>
        <a href={tasksPath({ queue: task.queue })}>{printable(task.queue)}</a>
      </Fact>
      <Fact name={facts.from}>{printable(task.origin)}</Fact>
      <Fact name={facts.next}>
        <Time at={task.next} />
      </Fact>
    </dl>
  );
}

/** `2026-11-30T02:30:00+01:00` as people read it. */
function clockTime(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)} ${time.slice(19)}`;
}

function NextTimes({ explanation: { next } }: { readonly explanation: Explanation }) {
  const words = WORDS.recurring;
  return (
    <Table label={words.next} titles={words.nextColumns}>
      {next.map(({ slot, time }) => (
        <tr>
          <td>
            <Time at={slot} />
          </td>
          <td>{clockTime(time)}</td>
        </tr>
      ))}
    </Table>
  );
}

function History({ slots }: { readonly slots: readonly RecurringSlot[] }) {
  const words = WORDS.recurring;
  return (
    <>
      {slots.length === SHOWN_SLOTS && <p class="quiet">{words.kept(SHOWN_SLOTS)}</p>}
      <Table label={words.history} titles={words.slotColumns}>
        {slots.map((slot) => (
          <tr>
            <td>
              <Time at={slot.slot} />
            </td>
            <td>
              <Outcome slot={slot} />
            </td>
            <td>
              <SlotTask slot={slot} />
            </td>
            <td>
              <Time at={slot.decided_at} />
            </td>
            <td class="wrap quiet">{printable(slot.reason ?? "")}</td>
          </tr>
        ))}
      </Table>
    </>
  );
}

function SlotTask({ slot: { task, state } }: { readonly slot: RecurringSlot }) {
  if (task === null) return <span class="quiet">–</span>;
  if (state === null) return <span class="quiet">{`${task} (${WORDS.recurring.deleted})`}</span>;
  return <a href={`/tasks/${task}`}>{task}</a>;
}
