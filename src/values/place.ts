/** Where a walk through a value is, so that an error can say it. */
import { TqError } from "../errors.ts";

/** Levels of arrays and objects; SQLite reads no JSON deeper than 1000, and this leaves room around it. */
export const MAX_DEPTH = 500;

/** Where the walk is: the containers from the root to here, and in each the key it is at. */
export interface Place {
  readonly parent: Place | undefined;
  readonly value: object | undefined;
  key: string | number;
  readonly depth: number;
}

/** The place before the first step; the path of every place below starts with its name. */
export function root(name: string): Place {
  return { parent: undefined, value: undefined, key: name, depth: 0 };
}

/** The place inside a container; refuses a cycle, and what is nested too deep. */
export function enter(value: object, parent: Place, levels: number): Place {
  for (let above: Place | undefined = parent; above; above = above.parent) {
    if (above.value === value) refuse(parent, "a value that contains itself is not JSON");
  }
  const depth = parent.depth + levels;
  if (depth > MAX_DEPTH) refuse(parent, `nested deeper than ${MAX_DEPTH} levels`);
  return { parent, value, key: "", depth };
}

/** Throws the refusal of the value at this place. */
export function refuse(place: Place, reason: string): never {
  throw new TqError("invalid", `${pathOf(place)}: ${reason}`);
}

/** The way to a place, as one would write it: `args[0].lines[3].price`. */
export function pathOf(place: Place): string {
  const keys: (string | number)[] = [];
  for (let at: Place | undefined = place; at; at = at.parent) keys.unshift(at.key);
  const [name, ...below] = keys;
  const path = name + below.map(step).join("");
  return path.length > 200 ? `${path.slice(0, 100)}…${path.slice(-80)}` : path;
}

function step(key: string | number): string {
  if (typeof key === "number") return `[${key}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)
    ? `.${key}`
    : `[${JSON.stringify(key)}]`;
}
