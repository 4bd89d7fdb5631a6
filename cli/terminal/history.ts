/** The runs of a task and its policy as tables for people. */
import { POLICIES, POLICY_KEYS, fieldOf, type PolicyRow } from "../../src/policies/table.ts";
import type { SourcedPolicy } from "../../src/registry/policies.ts";
import type { Attempt } from "../../src/task.ts";
import { formatDuration } from "../../src/values/duration.ts";
import type { Column } from "./table.ts";
import { table } from "./table.ts";
import { paint, type Terminal } from "./terminal.ts";
import { formatTimeIn } from "./text.ts";

const ATTEMPT_COLUMNS: readonly Column[] = [
  { title: "run", align: "right" },
  { title: "outcome" },
  { title: "began" },
  { title: "waited", align: "right" },
  { title: "ran", align: "right" },
  { title: "late", align: "right", givesWay: true },
  { title: "reason", min: 12 },
];

/** The runs of a task; "" for a task that had at most one, and finished with it. */
export function attemptTable(attempts: readonly Attempt[], terminal: Terminal): string {
  const [first] = attempts;
  if (!first || (attempts.length === 1 && first.outcome === "finished")) return "";
  const rows = attempts.map((attempt) => cellsOf(attempt, terminal.width));
  return table(ATTEMPT_COLUMNS, rows, { width: terminal.width, heading: bold(terminal) });
}

function cellsOf(attempt: Attempt, width: number | null): string[] {
  const { number, outcome, started_at: began, waited, ran, late, name, message } = attempt;
  const error = name === null ? "" : `${name}: ${message ?? ""}`;
  return [
    String(number),
    outcome,
    formatTimeIn(width, began),
    length(waited),
    length(ran),
    late === null || late === 0 ? "" : length(late),
    attempt.reason ?? error,
  ];
}

function length(ms: number | null): string {
  return ms === null ? "" : formatDuration(ms);
}

const POLICY_COLUMNS: readonly Column[] = [
  { title: "policy" },
  { title: "value", min: 12 },
  { title: "said by" },
];

/** Each value that is in force, and the place that says it. */
export function policyTable({ policy, sources }: SourcedPolicy, terminal: Terminal): string {
  const rows = POLICY_KEYS.map((key) => {
    const { words } = POLICIES[key] as PolicyRow<unknown>;
    return [fieldOf(key), words(policy[key]), sources[key]];
  });
  return table(POLICY_COLUMNS, rows, { width: terminal.width, heading: bold(terminal) });
}

function bold(terminal: Terminal): (text: string) => string {
  return (text) => paint(terminal, "bold", text);
}
