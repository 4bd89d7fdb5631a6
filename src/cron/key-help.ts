/** The meaning of the keys of a recurring task, and how a flag writes their values: for the help and docs/. */
import { fieldOf, POLICIES, type PolicyRow } from "../policies/table.ts";
import type { CronDefinition } from "./definition.ts";
import { KEYS } from "./keys.ts";

type CronKey =
  Exclude<keyof CronDefinition, "name" | "policy" | "text"> | "attempts" | "backoff" | "timeout";

export interface KeyHelp {
  /** Its meaning. */
  readonly help: string;
  /** Stands for the value in the help of its flag. */
  readonly hint: string;
  /** How a flag writes its value: as JSON, in digits, or as the text itself. */
  readonly form?: "json" | "number";
}

/** In the order of the help. */
export const KEY_HELP: { readonly [K in CronKey]: KeyHelp } = {
  schedule: {
    help: 'When it comes: five fields like "30 2 * * *", a name like @daily, or "every 15m"',
    hint: '"30 2 * * *"',
  },
  task: { help: "The method of a model, such as night.run, or a function", hint: "MODEL.METHOD" },
  timeZone: {
    help: "The zone whose clock counts; none: that of the machine that the workers run on",
    hint: "Europe/Berlin",
  },
  instances: {
    help: "The records on which the method is called, by their ids; none: a static method gets an empty list",
    hint: "7|JSON",
    form: "json",
  },
  args: { help: "The arguments, in their order", hint: "JSON", form: "json" },
  queue: { help: "The queue to put its tasks in", hint: "QUEUE" },
  priority: { help: "Higher runs first", hint: "N", form: "number" },
  user: { help: "The id of the user that its tasks run as", hint: "ID", form: "number" },
  context: { help: "The context that its tasks run with", hint: "JSON", form: "json" },
  missed: {
    help: "What runs for slots that passed while no worker ran: nothing (skip), the last one (once), or each (all)",
    hint: "once|skip|all",
  },
  catchUp: { help: "With all: how many such slots run at most", hint: "N", form: "number" },
  grace: {
    help: "A slot that passed longer ago does not run, from 1 s up; none: however long ago",
    hint: "6h",
  },
  overlap: {
    help: 'What becomes of a slot while the task before has not ended: its task runs too (allow), never (skip), or after it (wait: one slot waits, with missed = "all" up to catch_up, and further ones are left out)',
    hint: "allow|skip|wait",
  },
  jitter: {
    help: "Each task starts up to this much later, always by the same share: it spreads many machines",
    hint: "5m",
  },
  attempts: { help: POLICIES.attempts.help, hint: "N", form: "number" },
  backoff: { help: POLICIES.backoff.help, hint: "30s", form: "json" },
  timeout: { help: POLICIES.timeout.help, hint: "30s" },
  expires: { help: POLICIES.expires.help, hint: "1h" },
};

export interface KeyRow extends KeyHelp {
  /** As in tq.toml: `time_zone`. */
  readonly field: string;
  /** The default, in words; null: the key must be said. */
  readonly preset: string | null;
  /** Completes "it must be …". */
  readonly allowed: string;
}

const SCHEDULES =
  'five fields like "30 2 * * *", a name: @hourly, @daily, @weekly, @monthly or @yearly, or "every 15m"';

/** All keys, in the order of the help. */
export const KEY_ROWS: readonly KeyRow[] = Object.entries<KeyHelp>(KEY_HELP).map(([key, row]) => ({
  ...row,
  field: fieldOf(key),
  ...valuesOfKey(key),
}));

function valuesOfKey(key: string): Pick<KeyRow, "preset" | "allowed"> {
  if (key === "schedule") return { preset: null, allowed: SCHEDULES };
  const own = Object.entries(KEYS).find(([name]) => name === key)?.[1];
  if (own !== undefined) return { preset: presetWords(own.preset), allowed: own.allowed };
  const { preset, words, allowed } = POLICIES[key as keyof typeof POLICIES] as PolicyRow<unknown>;
  return { preset: words(preset), allowed };
}

function presetWords(preset: unknown): string | null {
  if (preset === undefined) return null;
  if (preset === null) return "none";
  return typeof preset === "string" ? preset : JSON.stringify(preset);
}
