/** A project to begin with. */
export interface Starter {
  /** For the help: for whom it is. */
  readonly purpose: string;
  /** The text of models.ts. */
  readonly models: string;
  /** A sentence or two of the project's README on these models. */
  readonly about: string;
  /** A command line that pushes a first task; its quotes suit POSIX shells and PowerShell. */
  readonly push: string;
}
