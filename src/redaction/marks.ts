/** The secrets of a call: fields by their names, and arguments by their places. */

/** The name of a field at any depth, a path such as `card.number`, or the place of an argument, from 0. */
export type Mark = string | number;

/** The marks of a model by its methods; those of all its methods stand under EVERY_METHOD. */
export type ModelMarks = Readonly<Record<string, readonly Mark[]>>;

/** No method has this name. */
export const EVERY_METHOD = "*";

const LONGEST = 200;
const LAST_PLACE = 999;

/** Says how a mark must be written; null: this is one. */
export function markFault(mark: unknown): string | null {
  if (typeof mark === "number") {
    const isPlace = Number.isInteger(mark) && mark >= 0 && mark <= LAST_PLACE;
    return isPlace ? null : `the place of an argument is a whole number from 0 to ${LAST_PLACE}`;
  }
  const isName = typeof mark === "string" && mark.length <= LONGEST && mark.isWellFormed();
  if (isName && mark.split(".").every((part) => part.trim() !== "")) return null;
  return `it must be the name of a field, such as "password", or a path, such as "card.number"`;
}

/** The marks of one method. Names count in upper and lower case alike. */
export class Marks {
  /** Paths by their last names. */
  readonly #paths = new Map<string, string[][]>();
  readonly #places = new Set<number>();

  constructor(marks: readonly Mark[]) {
    for (const mark of marks) {
      if (typeof mark === "number") this.#places.add(mark);
      else this.#addPath(mark.toLowerCase().split("."));
    }
  }

  #addPath(path: string[]): void {
    const last = path.at(-1) ?? "";
    this.#paths.set(last, [...(this.#paths.get(last) ?? []), path]);
  }

  /** @param above the names of the objects around the field, in lower case; lists have none. */
  hidesField(name: string, above: readonly string[]): boolean {
    const paths = this.#paths.get(name.toLowerCase());
    return paths?.some((path) => endsWith(above, path.slice(0, -1))) === true;
  }

  hidesArgument(place: number): boolean {
    return this.#places.has(place);
  }
}

function endsWith(names: readonly string[], end: readonly string[]): boolean {
  const start = names.length - end.length;
  return start >= 0 && end.every((name, at) => names[start + at] === name);
}
