/** @jsxImportSource hono/jsx */
/** The form that searches tasks. */
import type { Child } from "hono/jsx";
import { TASK_STATES } from "../../task.ts";
import { State } from "./parts.tsx";
import { WORDS } from "./words.ts";
import { ZoneWords } from "./zone.tsx";

/** The fields of the form, in their order; `state` has words to choose from. */
const FIELDS = ["queue", "model", "method"] as const;

/** Those that a form hides which has none of them. */
const MORE_FIELDS = [
  "args_have",
  "reason_has",
  "error",
  "where",
  "ref",
  "ref_starts",
  "pushed_after",
  "pushed_before",
  "ended_after",
  "ended_before",
  "user",
  "call",
] as const;

interface FilterProps {
  readonly search: URLSearchParams;
  /** That of the times in the search. */
  readonly zone: string | undefined;
  /** Beside the title. */
  readonly children?: Child;
}

export function Filter({ search, zone, children }: FilterProps) {
  const words = WORDS.tasks;
  const states = new Set(search.getAll("state").flatMap((text) => text.split(",")));
  return (
    <>
      <div class="title">
        <h1>{WORDS.pages.tasks}</h1>
        <p role="status" id="newer">
          {children}
        </p>
      </div>
      <form method="get" action="/tasks" class="filter" role="search" id="search">
        <fieldset>
          <legend class="unseen">{words.states}</legend>
          {TASK_STATES.map((state) => (
            <label class="check">
              <input type="checkbox" name="state" value={state} checked={states.has(state)} />
              <State state={state} />
            </label>
          ))}
        </fieldset>
        {FIELDS.map((name) => (
          <Field name={name} search={search} />
        ))}
        <details class="whole" open={MORE_FIELDS.some((name) => search.has(name))}>
          <summary>{words.moreFields}</summary>
          <div class="fields">
            {MORE_FIELDS.map((name) => (
              <Field name={name} search={search} />
            ))}
          </div>
          <p class="quiet">
            {words.times} <ZoneWords zone={zone} />
          </p>
        </details>
        <div class="buttons">
          <button>{words.search}</button>
          <a href="/tasks">{words.all}</a>
        </div>
      </form>
    </>
  );
}

interface FieldProps {
  readonly name: keyof typeof WORDS.tasks.fields;
  readonly search: URLSearchParams;
}

function Field({ name, search }: FieldProps) {
  const { fields, examples } = WORDS.tasks;
  return (
    <label>
      {fields[name]}
      <input name={name} value={search.get(name) ?? ""} placeholder={examples[name]} />
    </label>
  );
}
