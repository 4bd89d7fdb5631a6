/** @jsxImportSource hono/jsx */
/** The parts that several pages have. */
import type { Child } from "hono/jsx";
import { printable } from "../../printable.ts";
import type { AttemptOutcome, TaskState } from "../../task.ts";
import { localTime } from "../../values/moment.ts";
import { formatDuration } from "../../values/duration.ts";
import { WORDS } from "./words.ts";

/** A point in time: in the reader's zone where there is JavaScript. */
export function Time({ at }: { readonly at: number | null }) {
  if (at === null) return <span class="quiet">–</span>;
  const iso = new Date(at).toISOString();
  return (
    <time datetime={iso} title={iso}>
      {iso.slice(0, 19).replace("T", " ")}
    </time>
  );
}

/** A sign and a class stand beside the word: the colour alone says nothing. */
const SIGNS: Record<TaskState, readonly [sign: string, look: string]> = {
  scheduled: ["◷", "quiet"],
  ready: ["○", ""],
  running: ["▶", "running"],
  finished: ["✓", "good"],
  failed: ["✗", "bad"],
  cancelled: ["–", "quiet"],
};

interface StateProps {
  readonly state: TaskState;
  readonly paused?: boolean | undefined;
}

export function State({ state, paused = false }: StateProps) {
  const [sign, look] = SIGNS[state];
  return (
    <span class={`state ${look}`}>
      <span aria-hidden="true">{sign}</span>
      {state}
      {paused && ` (${WORDS.paused})`}
    </span>
  );
}

export const OUTCOME_LOOKS: Partial<Record<AttemptOutcome, string>> = {
  running: "running",
  finished: "good",
  failed: "bad",
  crashed: "bad",
};

const OUTCOME_SIGNS: Readonly<Record<string, string>> = { running: "▶", good: "✓", bad: "✗" };

/** How a run ended. */
export function RunOutcome({ outcome }: { readonly outcome: AttemptOutcome }) {
  const look = OUTCOME_LOOKS[outcome] ?? "quiet";
  return (
    <span class={`state ${look}`}>
      <span aria-hidden="true">{OUTCOME_SIGNS[look] ?? "–"}</span>
      {outcome}
    </span>
  );
}

interface TableProps {
  readonly label: string;
  readonly titles: readonly string[];
  /** The titles of the columns that hold numbers. */
  readonly numbers?: readonly string[];
  /** Stands in the head of the first column. */
  readonly first?: Child;
  /** On a phone the cells of a row stand below each other; "rows": as the style says for a list of tasks. */
  readonly look?: "stack" | "rows";
  readonly children?: Child;
}

/** A table that a narrow window scrolls. */
export function Table({ label, titles, numbers = [], first, look, children }: TableProps) {
  return (
    <div class="scroll" tabindex={0} role="region" aria-label={label}>
      <table class={look}>
        <thead>
          <tr>
            {titles.map((title, index) =>
              title === "" ? (
                <td>{index === 0 && first}</td>
              ) : (
                <th scope="col" {...(numbers.includes(title) && { class: "number" })}>
                  {title}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

interface ActionProps {
  readonly path: string;
  readonly formToken: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly look?: string;
  /** For those who do not see what stands beside the button. */
  readonly label?: string | undefined;
  readonly children?: Child;
}

/** A button that changes something: a form of its own. */
export function Action({
  path,
  formToken,
  fields = {},
  look = "plain",
  label,
  children,
}: ActionProps) {
  return (
    <form method="post" action={path} class="action">
      <input type="hidden" name="form_token" value={formToken} />
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button class={look} aria-label={label}>
        {children}
      </button>
    </form>
  );
}

interface SentenceProps {
  readonly words: string;
  /** Those in the words, in any order, as the machine of the server writes them: readers see them in their own zone. */
  readonly times: readonly (number | null)[];
  readonly now: number;
}

export function Sentence({ words, times, now }: SentenceProps) {
  const parts: Child[] = [];
  let rest = words;
  let left = times.filter((at) => at !== null).map((at) => ({ at, local: localTime(at, now) }));
  for (;;) {
    const text = rest;
    const place = ({ local }: (typeof left)[number]) => text.indexOf(local);
    const [next] = left.filter((one) => place(one) >= 0).toSorted((a, b) => place(a) - place(b));
    if (next === undefined) break;
    parts.push(printable(text.slice(0, place(next))), <Time at={next.at} />);
    rest = text.slice(place(next) + next.local.length);
    left = left.filter((one) => one !== next);
  }
  return (
    <>
      {parts}
      {printable(rest)}
    </>
  );
}

/** Words that tq puts in the middle of its sentences, as a sentence of their own. */
export function sentenceOf(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

/** The list of tasks by this filter. */
export function tasksPath(filter: Readonly<Record<string, string>>): string {
  return `/tasks?${new URLSearchParams(filter)}`;
}

/** `queue-2` before `queue-10`. */
const NAMES = new Intl.Collator("en", { numeric: true });

export function inOrder<T extends { readonly queue: string }>(queues: readonly T[]): T[] {
  return queues.toSorted((a, b) => NAMES.compare(a.queue, b.queue));
}

/** By its id a row is found again when the page is fetched anew: no button becomes that of another row. */
export function rowId(kind: string, name: string): string {
  return `${kind}-${Bun.hash.crc32(name).toString(16)}`;
}

/** A cell with a length of time. */
export function Length({ ms, label }: LengthProps) {
  return (
    <td class="number" data-label={label}>
      {ms === null || ms === undefined ? "–" : formatDuration(ms)}
    </td>
  );
}

interface LengthProps {
  readonly ms: number | null | undefined;
  /** Stands before it on a phone. */
  readonly label?: string | undefined;
}

/** That something is as it should be, or not. */
export function Yes({ is, word }: { readonly is: boolean; readonly word: string }) {
  return <span class={is ? "state good" : "state warn"}>{`${is ? "✓" : "⚠"} ${word}`}</span>;
}

/** A fact of a list of facts. */
export function Fact({ name, children }: { readonly name: string; readonly children?: Child }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface ScrolledProps {
  /** Names it for those who do not see the heading above. */
  readonly label: string;
  readonly look?: "tail";
  readonly children?: Child;
}

/** Lines that are scrolled where they are long or many: by keys, too. */
export function Scrolled({ label, look, children }: ScrolledProps) {
  return (
    <pre class={look} tabindex={0} role="group" aria-label={label}>
      {children}
    </pre>
  );
}

interface TextProps {
  readonly label: string;
  readonly text: string;
}

/** Text of a task: control characters are escaped, line breaks are kept. */
export function Text({ label, text }: TextProps) {
  const more = text.length - MOST_CHARACTERS;
  const shown = more > 0 ? text.slice(0, MOST_CHARACTERS) : text;
  return (
    <>
      <Scrolled label={label}>{shown.split("\n").map(printable).join("\n")}</Scrolled>
      {more > 0 && <p class="quiet">{WORDS.task.longText(more)}</p>}
    </>
  );
}

/** A browser shows so many without a pause. */
const MOST_CHARACTERS = 50_000;

/** A short value on one line. */
export function Json({ label, value }: { readonly label: string; readonly value: unknown }) {
  const line = JSON.stringify(value) ?? "null";
  const text = line.length <= LINE_CHARACTERS ? line : (JSON.stringify(value, null, 2) ?? line);
  return <Text label={label} text={text} />;
}

const LINE_CHARACTERS = 80;
