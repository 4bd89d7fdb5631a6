/** Says in words what a fault has done. */
import type { Load } from "./load.ts";

export type Say = (line: string) => void;

export function report(
  counted: { readonly words: string; readonly isRight: boolean },
  load: Load,
  say: Say,
): boolean {
  for (const [words, count] of load.pushing.refusals) say(`  pushes: ${count} × ${words}`);
  for (const line of load.said()) say(`  workers: ${line}`);
  say(counted.words);
  return counted.isRight;
}
