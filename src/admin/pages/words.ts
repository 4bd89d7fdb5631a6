import { CHART_WORDS } from "./words/charts.ts";
import { FAILED_WORDS } from "./words/failed.ts";
import { WORKER_WORDS } from "./words/workers.ts";
import { MODEL_WORDS, PUSH_WORDS } from "./words/models.ts";
import { SETTING_WORDS } from "./words/settings.ts";
import { QUEUE_WORDS } from "./words/queues.ts";
import { PAUSE_WORDS, RECURRING_WORDS } from "./words/recurring.ts";

/** All words of the pages. Words that come from the database, the log or an error are tq's own in every place. */

function amount(count: number, isAll = true): string {
  return `${count}${isAll ? "" : " or more"} ${count === 1 && isAll ? "task" : "tasks"}`;
}

/** Tasks that cannot be changed in their state, or that changed meanwhile. */
function stayed(count: number, of: number): string {
  const rest = of - count;
  return rest <= 0 ? "." : `; ${rest} ${rest === 1 ? "stays as it is" : "stay as they are"}.`;
}

export const WORDS = {
  product: "tq",
  skip: "Skip to content",
  pages: {
    overview: "Overview",
    tasks: "Tasks",
    failed: "Failed",
    recurring: "Recurring",
    queues: "Queues",
    workers: "Workers",
    models: "Models",
    settings: "Settings",
  },
  keys: {
    title: "Keys",
    others: [
      ["/", "Search tasks"],
      ["?", "Show the keys"],
    ],
    close: "Close",
  },
  signIn: {
    title: "Sign in",
    label: "Token",
    hint: "The text in the file tq.token beside the database, or a token that tq token add has printed.",
    button: "Sign in",
    wrong: "This is not a token of this database.",
    wait: "Too many wrong tokens came from this address; wait a minute.",
    out: "Sign out",
  },
  overview: {
    well: "All is well.",
    wellMore: (waiting: number, running: number) =>
      `All is well: ${waiting} ${waiting === 1 ? "task waits" : "tasks wait"}, ${running} ${running === 1 ? "runs" : "run"}.`,
    problems: (count: number) => (count === 1 ? "One thing needs you" : `${count} things need you`),
    queues: "Queues",
    noQueues: "No tasks are waiting, running or failed.",
    workers: "Workers",
    noWorkers: "No worker is running.",
    pauses: "Pauses",
    database: "Database",
    facts: {
      path: "File",
      size: "Size",
      wal: "Log that is not merged yet",
      free: "Free inside the file",
      durability: "Durability",
      schema: "Schema",
    },
  },
  tasks: {
    none: "No tasks match.",
    noneYet: (before: number) => `No task with the id ${before} or a later one matches.`,
    states: "States",
    search: "Search",
    all: "Show all",
    older: "Older tasks →",
    columns: ["Chosen", "Id", "State", "Queue", "Call", "Runs", "Time", "Reason"],
    numbers: ["Id", "Runs"],
    fields: {
      queue: "Queue",
      model: "Model or function",
      method: "Method",
      ref: "Ref",
      args_have: "Text in the arguments",
      reason_has: "Text in the reason",
      where: "A value inside the call",
    },
    examples: {
      queue: "mail, or pdf*",
      model: "sale",
      method: "process",
      ref: "order-4711",
      args_have: "miller",
      reason_has: "timeout",
      where: "args.order=4711",
    },
    more: (count: number, isAll: boolean) => `${count}${isAll ? "" : "+"} more match.`,
    choose: (id: number) => `Choose task ${id}`,
    later: "Tasks that are pushed from now on are not touched.",
    keep: "Change nothing",
    sayStates: "Choose the states of the tasks first.",
    noVerb: "The form does not say what is to be done.",
    verbs: {
      retry: {
        chosen: "Retry chosen",
        all: "Retry all that match",
        ask: (count: number, isAll: boolean) => `Retry ${amount(count, isAll)}?`,
        done: (count: number, of: number) => `${amount(count)} retried${stayed(count, of)}`,
      },
      cancel: {
        chosen: "Cancel chosen",
        all: "Cancel all that match",
        ask: (count: number, isAll: boolean) => `Cancel ${amount(count, isAll)}?`,
        done: (count: number, of: number) => `${amount(count)} cancelled${stayed(count, of)}`,
      },
      delete: {
        chosen: "Delete chosen",
        all: "Delete all that match",
        ask: (count: number, isAll: boolean) => `Delete ${amount(count, isAll)} for good?`,
        done: (count: number, of: number) => `${amount(count)} deleted${stayed(count, of)}`,
      },
    },
  },
  charts: CHART_WORDS,
  failed: FAILED_WORDS,
  recurring: RECURRING_WORDS,
  pause: PAUSE_WORDS,
  queues: QUEUE_WORDS,
  models: MODEL_WORDS,
  push: PUSH_WORDS,
  settings: SETTING_WORDS,
  workers: WORKER_WORDS,
  task: {
    title: (id: number) => `Task ${id}`,
    to: (purpose: string) => `To ${purpose}:`,
    retry: "Retry",
    cancel: "Cancel",
    delete: "Delete",
    call: "Arguments and context",
    result: "Result",
    runs: "Runs",
    runColumns: ["Run", "Outcome", "Began", "Waited", "Ran", "Late", "Thread", "Reason"],
    runNumbers: ["Waited", "Ran", "Late"],
    errors: "Errors",
    times: (count: number) => `${count} times`,
    output: "What it said",
    silent: "It has said nothing.",
    run: (number: number) => `Run ${number}`,
    progress: "Progress",
    cut: (lines: number) => `${lines} older ${lines === 1 ? "line is" : "lines are"} not kept.`,
    facts: {
      call: "Call",
      instances: "Instances",
      queue: "Queue",
      priority: "Priority",
      user: "User",
      ref: "Ref",
      attempts: "Runs",
      crashes: "Crashes",
      policy: "Policy of the push",
      pushed: "Pushed",
      scheduled: "Due",
      expected: "Expected",
      expires: "Expires",
      began: "Began",
      ended: "Ended",
    },
  },
  needsRole: (role: string) =>
    `Your token may ${role === "read" ? "not" : "only"} look: this needs the role ${role}.`,
  columns: {
    queue: "Queue",
    scheduled: "Scheduled",
    ready: "Ready",
    running: "Running",
    failed: "Failed",
    late: "Late start, p99",
    ended: "Ended per minute",
    served: "Served",
    worker: "Worker",
    state: "State",
    threads: "Threads",
    started: "Started",
    queues: "Queues",
  },
  yes: "yes",
  no: "no",
  paused: "paused",
  all: "all",
  error: "This cannot be shown",
  back: "Back to the overview",
  formOld: "The form is from another session. Go back, load the page again and send it once more.",
} as const;
