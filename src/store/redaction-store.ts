/** The marks of models, as a store keeps them: programs that show tasks need not load the models. */
import type { Soon } from "../soon.ts";
import type { ModelMarks } from "../redaction/marks.ts";
import type { Redaction } from "../redaction/redaction.ts";

/** By the name of the model; one that marks nothing is not among them. */
export type DeclaredMarks = Readonly<Record<string, ModelMarks>>;

export interface RedactionStore {
  /** Makes these the marks of the models; those of other models stay. */
  declare(models: readonly string[], marks: DeclaredMarks): Promise<void>;
  /** The marks of all models. */
  declared(): Promise<DeclaredMarks>;
  /** The tasks that failures push, where this store settles them, are not told the values of these fields either. */
  concealFailures(names: readonly string[]): void;
  /** The secrets that this store conceals: none, unless it was made to show tasks. */
  inForce(): Soon<Redaction>;
}
