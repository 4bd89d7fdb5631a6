/** The work at a slot of one of tq's own recurring tasks. */
export interface OwnWork {
  /** `clean`: the log says that it cannot clean the database. */
  readonly verb: string;
  readonly isBusy: boolean;
  /** Ends what it does as soon as it can. */
  stop(): void;
  /** @returns what it has done, for people. */
  run(): Promise<string>;
}
