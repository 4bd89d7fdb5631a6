/** The words of the pages of recurring tasks. */
export const RECURRING_WORDS = {
  none: "There are no recurring tasks: a model, tq.toml or tq cron add can define one.",
  columns: ["Name", "Next", "Last", "Schedule", "Calls"],
  never: "It has not come yet.",
  zone: (zone: string) => `in ${zone}`,
  run: "Run now",
  force: "Also where the task before has not ended",
  ranOwn: "A worker does it now.",
  pause: "Pause",
  resume: "Resume",
  facts: {
    schedule: "Schedule",
    calls: "Calls",
    queue: "Queue",
    zone: "Time zone",
    from: "Defined in",
    next: "Next",
  },
  here: "that of the worker's machine",
  next: "Next times",
  nextColumns: ["Your time", "By its clock"],
  history: "History",
  kept: (count: number) => `The last ${count} slots.`,
  slotColumns: ["Slot", "Outcome", "Task", "Decided", "Why"],
  deleted: "deleted",
  changes: "When the clock changes",
} as const;

/** The words of the form that pauses something. */
export const PAUSE_WORDS = {
  reason: "Reason",
  reasonExample: "stocktaking",
  until: "Until",
  untilExample: "2h, 18:30, or empty",
} as const;
