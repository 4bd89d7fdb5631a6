/** The follow-ups that the models of this process have: another worker may have read other settings. */
import type { DeclaredFollowUps, FollowUp } from "./failure-store.ts";

type Call = FollowUp["calls"];

/** The follow-ups that the store knows which settles a failure, and its call once one is pushed. */
export interface AfterFailure {
  readonly known: KnownFollowUps;
  /** Called with the task that the failure pushes. */
  readonly onPushed?: (id: number) => void;
}

export class KnownFollowUps {
  /** The setting `admin.redact`: no follow-up is told the values of these fields. */
  secretNames: readonly string[] = [];
  /** By model, then by method. */
  readonly #calls = new Map<string, ReadonlyMap<string, Call>>();

  know({ models, followUps }: DeclaredFollowUps): void {
    for (const name of models) {
      const its = followUps.filter(({ model }) => model === name);
      this.#calls.set(name, new Map(its.map(({ method, calls }) => [method, calls])));
    }
  }

  /** Null: its failures push nothing; undefined: no model of this name is known. */
  of(model: string, method: string): Call | null | undefined {
    const its = this.#calls.get(model);
    return its && (its.get(method) ?? null);
  }
}
