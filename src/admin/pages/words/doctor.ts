/** The words of the doctor's findings. */
export const DOCTOR_WORDS = {
  title: "Findings",
  well: (checks: number) => `All is well, in ${checks} checks.`,
  advice: "To do:",
  hint: (subject: string) => `To think of: ${subject};`,
  rest: "tq doctor on the machine also reads the whole file, measures the disk, and loads the models.",
} as const;
