/** Counts what this process sends to PostgreSQL. */
import { spyOn } from "bun:test";
import { Connection } from "../../src/postgres/connection.ts";

const SENDS = ["all", "get", "run", "lists", "step", "command"] as const;

export interface CountedStatements extends Disposable {
  readonly count: number;
  /** Statements that were sent before the answers to others had come share one. */
  readonly roundTrips: number;
  readonly connections: number;
}

export function countStatements(): CountedStatements {
  let [count, roundTrips] = [0, 0];
  const waiting = new Map<Connection, number>();
  const spies = SENDS.map((name) => {
    const send = Connection.prototype[name] as (...args: unknown[]) => Promise<unknown>;
    return spyOn(Connection.prototype, name).mockImplementation(async function (
      this: Connection,
      ...args: unknown[]
    ) {
      const before = waiting.get(this) ?? 0;
      count += 1;
      if (before === 0) roundTrips += 1;
      waiting.set(this, before + 1);
      try {
        return (await send.apply(this, args)) as never;
      } finally {
        waiting.set(this, (waiting.get(this) ?? 0) - 1);
      }
    });
  });
  return {
    get count() {
      return count;
    },
    get roundTrips() {
      return roundTrips;
    },
    get connections() {
      return waiting.size;
    },
    [Symbol.dispose]() {
      for (const spy of spies) spy.mockRestore();
    },
  };
}
