/** The log of a command names the queue that it has made. */

/** A model whose tasks do nothing. */
export const NOTES = `import { Model } from "tq";
  export class Note extends Model { static override readonly __name__ = "note"; async read() {} }`;

/** The events `store.made` of a log in JSON. */
export function madeQueues(log: string): object[] {
  const lines = log.split("\n").filter((line) => line.includes('"store.made"'));
  return lines.map((line) => JSON.parse(line) as object);
}
