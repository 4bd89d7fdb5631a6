/** @jsxImportSource hono/jsx */
/** The parts that several pages have. */
import type { Child } from "hono/jsx";
import { printable } from "../../printable.ts";
import type { TaskState } from "../../task.ts";
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

interface TableProps {
  readonly label: string;
  readonly titles: readonly string[];
  /** The titles of the columns that hold numbers. */
  readonly numbers?: readonly string[];
  readonly children?: Child;
}

/** A table that a narrow window scrolls. */
export function Table({ label, titles, numbers = [], children }: TableProps) {
  return (
    <div class="scroll" tabindex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {titles.map((title) =>
              title === "" ? (
                <td></td>
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

/** The list of tasks by this filter. */
export function tasksPath(filter: Readonly<Record<string, string>>): string {
  return `/tasks?${new URLSearchParams(filter)}`;
}

/** A cell with a length of time. */
export function Length({ ms }: { readonly ms: number | null | undefined }) {
  return <td class="number">{ms === null || ms === undefined ? "–" : formatDuration(ms)}</td>;
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

/** Text of a task: control characters are escaped, line breaks are kept. */
export function Text({ text }: { readonly text: string }) {
  return <pre>{text.split("\n").map(printable).join("\n")}</pre>;
}

export function Json({ value }: { readonly value: unknown }) {
  return <Text text={JSON.stringify(value, null, 2) ?? "null"} />;
}
