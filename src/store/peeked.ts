/** A database as one finds it, without bringing it to this version's schema. */
export interface Peeked {
  /** The version of its schema; 0: it has no tables of tq. */
  readonly schema: number;
  /** The workers, and the programs that run their own tasks, that live. */
  readonly programs: readonly LivingProgram[];
}

export interface LivingProgram {
  readonly pid: number;
  /** Null where it is not known. */
  readonly version: string | null;
  /** Where its pid counts; absent: on this host. */
  readonly host?: string;
}
