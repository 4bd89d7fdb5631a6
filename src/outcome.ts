/** How a run ended, as plain data that crosses threads and is turned into one guarded UPDATE. */

/** An error as data: `postMessage` would lose its name and fields. */
export interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
}

export type Outcome =
  | { readonly kind: "finished"; readonly result: string | null }
  | { readonly kind: "failed"; readonly error: ErrorData }
  /** The database was busy or changed under the run: run the same attempt again after `delay` ms. */
  | { readonly kind: "retry"; readonly delay: number; readonly error: ErrorData }
  | { readonly kind: "crashed"; readonly reason: string }
  | { readonly kind: "interrupted"; readonly reason: string };

export type OutcomeKind = Outcome["kind"];
