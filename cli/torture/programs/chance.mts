/** Chances of a producer: no seed fixes them. */

/** A whole number; both ends are possible. */
export function whole(from: number, to: number): number {
  return from + Math.floor(Math.random() * (to - from + 1));
}

export function chance(probability: number): boolean {
  return Math.random() < probability;
}

export function oneOf<const T>(...list: readonly [T, ...T[]]): T {
  return list[whole(0, list.length - 1)] ?? list[0];
}
