/** @jsxImportSource hono/jsx */
/** The line of time of a task: its push, its plan and its last runs. */
import { printable } from "../../printable.ts";
import type { Attempt, Task } from "../../task.ts";
import { formatDuration } from "../../values/duration.ts";
import { OUTCOME_LOOKS, Time } from "./parts.tsx";
import { WORDS } from "./words.ts";

/** The table of runs has the others. */
const MOST_RUNS = 3;

interface Point {
  readonly at: number;
  readonly name: string;
  /** Its author, or its length. */
  readonly note?: string;
  readonly look?: string;
}

interface TimeLineProps {
  readonly task: Task;
  readonly runs: readonly Attempt[];
  readonly now: number;
}

export function TimeLine({ task, runs, now }: TimeLineProps) {
  const words = WORDS.task;
  const points = [...planOf(task), ...runs.slice(-MOST_RUNS).flatMap(pointsOf)];
  points.sort((a, b) => a.at - b.at);
  return (
    <ol class="timeline" id="timeline" aria-label={words.timeLine}>
      {points.map(({ at, name, note, look = "" }) => (
        <li class={at > now ? "future" : look}>
          <span class="name">{name}</span>
          <Time at={at} />
          {note !== undefined && <span class="small">{note}</span>}
        </li>
      ))}
    </ol>
  );
}

function planOf({
  enqueued_at,
  scheduled_at,
  expected_at,
  expires_at,
  user,
  finished_at,
  state,
}: Task) {
  const words = WORDS.task.points;
  const points: Point[] = [{ at: enqueued_at, name: words.pushed, note: words.by(user) }];
  if (scheduled_at !== null) points.push({ at: scheduled_at, name: words.due });
  if (expected_at !== null) points.push({ at: expected_at, name: words.expected });
  if (expires_at !== null) points.push({ at: expires_at, name: words.expires });
  // Others end with a run.
  if (finished_at !== null && state === "cancelled") {
    points.push({ at: finished_at, name: words.cancelled });
  }
  return points;
}

function pointsOf({
  number,
  outcome,
  started_at,
  ended_at,
  waited,
  ran,
  thread,
}: Attempt): Point[] {
  const words = WORDS.task.points;
  const began =
    started_at === null
      ? []
      : [
          {
            at: started_at,
            name: words.began(number),
            look: "running",
            ...(waited !== null && { note: words.waited(formatDuration(waited)) }),
          },
        ];
  if (ended_at === null) return began;
  const on = thread === null ? "" : words.on(thread);
  const note = ran === null ? {} : { note: `${words.after(formatDuration(ran))}${on}` };
  const look = OUTCOME_LOOKS[outcome] ?? "";
  return [...began, { at: ended_at, name: printable(words.ended(number, outcome)), look, ...note }];
}
