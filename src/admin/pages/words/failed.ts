/** The words of the page of failed tasks. */
export const FAILED_WORDS = {
  none: "No task has failed.",
  intro: (looked: number, isAll: boolean) =>
    isAll
      ? `${looked} failed ${looked === 1 ? "task" : "tasks"}, by method and error.`
      : `The last ${looked} tasks that failed, by method and error. There are more of them.`,
  columns: ["Method", "Error", "Tasks", "First", "Last", ""],
  numbers: ["Tasks"],
  retry: "Retry",
  retryLabel: (call: string, error: string) => `Retry failed tasks: ${call}, ${error}`,
  silent: "(no message)",
  more: (count: number) => `${count} smaller ${count === 1 ? "group is" : "groups are"} not shown.`,
  list: "All failed tasks",
} as const;
