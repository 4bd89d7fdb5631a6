/** @jsxImportSource hono/jsx */
/** Charts of the tasks that were pushed and ran, and the same numbers as a table. */
import type { Measure } from "../../../statistics/counts.ts";
import { ClosedSteps } from "../../../tasks/statistics/closed-steps.ts";
import { statisticsSeries, type Step, usualStep } from "../../../tasks/statistics/series.ts";
import type { Store } from "../../../store/store.ts";
import { DAY_MS, HOUR_MS } from "../../../values/duration.ts";
import { Length, Table, Time } from "../parts.tsx";
import { WORDS } from "../words.ts";

const SPANS = { hour: HOUR_MS, day: DAY_MS, week: 7 * DAY_MS } as const;

export type Span = keyof typeof SPANS;

/** @param said by the address. */
export function spanOf(said: string | undefined): Span {
  return (Object.keys(SPANS) as Span[]).find((span) => span === said) ?? "hour";
}

/** Reads the steps of charts; those that are over are read once. */
export class ChartSteps {
  readonly #store: Store;
  readonly #closed = new ClosedSteps();

  constructor(store: Store) {
    this.#store = store;
  }

  async of(span: Span): Promise<readonly Step[]> {
    const length = SPANS[span];
    const wanted = { queue: undefined, length, step: usualStep(length) };
    return (await statisticsSeries(this.#store, wanted, this.#closed)).steps;
  }
}

interface ChartsProps {
  readonly span: Span;
  /** null: the page has them already. */
  readonly steps: readonly Step[] | null;
}

/** htmx leaves it alone: charts.js fetches it anew, once a minute. */
export function Charts({ span, steps }: ChartsProps) {
  const words = WORDS.charts;
  if (steps === null) return <section id="charts" hx-morph-skip></section>;
  return (
    <section id="charts" aria-label={words.title} data-span={span} hx-morph-skip>
      <h2>{words.title}</h2>
      <nav aria-label={words.span} class="tabs">
        {(Object.keys(SPANS) as Span[]).map((one) => (
          <a href={`/?last=${one}`} {...(one === span && { "aria-current": "true" })}>
            {words.spans[one]}
          </a>
        ))}
      </nav>
      <div class="charts">
        {chartsOf(steps).map((chart) => (
          <figure>
            <figcaption>{chart.title}</figcaption>
            <div
              class="chart"
              role="img"
              aria-label={words.see(chart.title)}
              data-chart={JSON.stringify(chart)}
            ></div>
          </figure>
        ))}
      </div>
      <Numbers steps={steps} />
    </section>
  );
}

interface Line {
  readonly label: string;
  /** A colour of the style sheet. */
  readonly color: string;
  /** True: a broken line, as the colour alone says nothing. */
  readonly isDashed: boolean;
  readonly values: readonly (number | null)[];
}

interface Chart {
  readonly title: string;
  /** The word for the time in the legend. */
  readonly time: string;
  readonly unit: "tasks" | "ms";
  /** The starts of the steps, in seconds since 1970 UTC. */
  readonly at: readonly number[];
  readonly lines: readonly Line[];
}

function chartsOf(steps: readonly Step[]): Chart[] {
  const words = WORDS.charts;
  const at = steps.map((step) => step.at / 1_000);
  const line = (
    label: string,
    color: string,
    isDashed: boolean,
    of: (step: Step) => number | null,
  ) => ({
    label,
    color,
    isDashed,
    values: steps.map(of),
  });
  // Workers write a minute once it is over: until then a line would fall to 0.
  const ended = (of: (step: Step) => number) => (step: Step) =>
    step === steps.at(-1) ? null : of(step);
  const isPushedKnown = steps.some(({ pushed }) => pushed !== null);
  const tasks = [
    ...(isPushedKnown ? [line(words.pushed, "--quiet", false, ({ pushed }) => pushed)] : []),
    line(
      words.finished,
      "--good",
      false,
      ended(({ finished }) => finished),
    ),
    line(
      words.failed,
      "--bad",
      true,
      ended(({ failed }) => failed),
    ),
  ];
  const base = { time: words.time, at };
  const spread = (title: string, measure: Measure): Chart => ({
    ...base,
    title,
    unit: "ms",
    lines: [
      line(words.p50, "--link", false, (step) => step[measure]?.p50 ?? null),
      line(words.p99, "--warn", true, (step) => step[measure]?.p99 ?? null),
    ],
  });
  return [
    { ...base, title: words.ended, unit: "tasks", lines: tasks },
    spread(words.wait, "wait"),
    spread(words.run, "run"),
    spread(words.late, "late_start"),
  ];
}

function Numbers({ steps }: { readonly steps: readonly Step[] }) {
  const words = WORDS.charts;
  const busy = steps.filter(({ runs, pushed }) => runs > 0 || (pushed ?? 0) > 0).toReversed();
  return (
    <details>
      <summary>{words.table}</summary>
      {busy.length === 0 ? (
        <p class="quiet">{words.empty}</p>
      ) : (
        <>
          <p class="quiet">{words.quiet}</p>
          <Table label={words.title} titles={words.columns} numbers={words.columns.slice(1)}>
            {busy.map((step) => (
              <StepRow step={step} />
            ))}
          </Table>
        </>
      )}
    </details>
  );
}

function StepRow({ step }: { readonly step: Step }) {
  const { at, pushed, finished, failed, wait, run, late_start: late } = step;
  return (
    <tr>
      <th scope="row">
        <Time at={at} />
      </th>
      <td class="number">{pushed ?? "–"}</td>
      <td class="number">{finished}</td>
      <td class="number">{failed}</td>
      {[wait, run, late].flatMap((spread) => [
        <Length ms={spread?.p50} />,
        <Length ms={spread?.p99} />,
      ])}
    </tr>
  );
}
