/** A task that has failed for good, as a method that `onFailed` names gets it. */
export interface Failure {
  /** The id of the task. */
  readonly task: number;
  /** The call: `label.print`, or the name of a function. */
  readonly call: string;
  /** The error of its last run, or why it was set aside. */
  readonly reason: string;
  /** How many runs it had in all. */
  readonly attempts: number;
}
