/** The words of the page of models. */
export const MODEL_WORDS = {
  unknown:
    "This server knows no models: start it with --models FILE, or put models.ts into its folder.",
  functions: "Functions",
  columns: [
    "Method",
    "Runs",
    "Failed",
    "Waited p99",
    "Ran p50",
    "Ran p99",
    "Late p99",
    "Policies",
    "",
  ],
  numbers: ["Runs", "Failed", "Waited p99", "Ran p50", "Ran p99", "Late p99"],
  day: "The numbers are those of the last day.",
  presets: "as tq has them",
  from: (from: string) => `(${from})`,
  tasks: (call: string) => `Tasks of ${call}`,
  push: "Push…",
  pushOf: (call: string) => `Push a task of ${call}`,
  pause: "Pause…",
  pauseOf: (call: string) => `Pause ${call}`,
} as const;
