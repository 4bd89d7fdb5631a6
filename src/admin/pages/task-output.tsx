/** @jsxImportSource hono/jsx */
/** The output of the runs of a task: their lines, and how far they are. */
import { printable } from "../../printable.ts";
import type { RunOutput } from "../../store/task-output.ts";
import { progressWords, shareOf } from "../../tasks/progress-words.ts";
import { Scrolled } from "./parts.tsx";
import { WORDS } from "./words.ts";

export function Output({ run }: { readonly run: RunOutput }) {
  const { attempt, lines, progress, cut, unread } = run;
  const share = progress && shareOf(progress);
  return (
    <section aria-label={WORDS.task.run(attempt)} id={`said-${attempt}`}>
      <h3>{WORDS.task.run(attempt)}</h3>
      {progress && (
        <p>
          {share !== null && <progress value={share} max={1} aria-label={WORDS.task.progress} />}{" "}
          {printable(progressWords(progress))}
        </p>
      )}
      {cut.lines > 0 && <p class="quiet">{WORDS.task.cut(cut.lines)}</p>}
      {unread !== undefined && <p class="bad">⚠ {printable(unread)}</p>}
      {lines.length > 0 && (
        <Scrolled label={WORDS.task.lines} look="tail">
          {lines.map(({ at, level, text }) => (
            <>
              <LineTime at={at} /> {level.padEnd(5)} {indented(text)}
              {"\n"}
            </>
          ))}
        </Scrolled>
      )}
    </section>
  );
}

/** The time of day in the reader's zone, where there is JavaScript. */
function LineTime({ at }: { readonly at: number }) {
  const iso = new Date(at).toISOString();
  return (
    <time datetime={iso} data-clock title={iso}>
      {iso.slice(11, 23)}
    </time>
  );
}

/** A line that has several stays below its own time. */
function indented(text: string): string {
  return text.split("\n").map(printable).join("\n                   ");
}
