/** The near word for a mistyped one: the "did you mean" at the end of an error. */

/** A longer word gets no suggestion: the time grows with the product of both lengths. */
const LONGEST_WORD = 100;

/**
 * The candidate nearest to the word, by the number of letters to add, drop, change or swap with the next one;
 * undefined when even the nearest differs in more than a third of its letters. Case does not count.
 *
 * @example suggest("queu", ["queue", "models"]) // "queue"
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > LONGEST_WORD) return undefined;
  let nearest: string | undefined;
  let shortest = Infinity;
  for (const candidate of candidates) {
    const limit = Math.floor(Math.max(word.length, candidate.length) / 3);
    if (Math.abs(word.length - candidate.length) > limit) continue;
    const steps = distance(word.toLowerCase(), candidate.toLowerCase());
    if (steps <= limit && steps < shortest) {
      nearest = candidate;
      shortest = steps;
    }
  }
  return nearest;
}

/**
 * The end of an error's sentence: `; did you mean "queue"?`, or nothing when no candidate is near.
 *
 * @example throw new TqError("invalid", `Unknown flag "${flag}"${didYouMean(flag, flags)}`);
 */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const nearest = suggest(word, candidates);
  return nearest === undefined ? "" : `; did you mean ${JSON.stringify(nearest)}?`;
}

/**
 * The words for the first key that is no option; null: all are.
 *
 * @example unknownOption({ timout: "1s" }, ["timeout"]) // 'timout is not an option; did you mean "timeout"?'
 */
export function unknownOption(options: object, known: readonly string[]): string | null {
  const key = Object.keys(options).find((one) => !known.includes(one));
  return key === undefined ? null : `${key} is not an option${didYouMean(key, known)}`;
}

/** Damerau-Levenshtein distance, each letter moved at most once. */
function distance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let steps = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
      );
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped && row > 1 && column > 1) steps = Math.min(steps, at(beforeLast, column - 2) + 1);
      current.push(steps);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
