/** The place that a walk through a value has reached, so that an error can name it. */
import { TqError } from "../errors.ts";

/** The most levels of arrays and objects: SQLite reads up to 1000, of which tq keeps some for what it puts around. */
export const MAX_DEPTH = 500;

/** A place: the containers from the root down to it, each with the key that the walk is at. */
export interface Place {
  readonly parent: Place | undefined;
  /** The container; undefined at the root. */
  readonly value: object | undefined;
  /** Where the walk is in the container: the walker sets it before each step. */
  key: string | number;
  readonly depth: number;
}

/** The place before the first step; the path of every place below starts with this name. */
export function root(name: string): Place {
  return { parent: undefined, value: undefined, key: name, depth: 0 };
}

/** The place inside a container. Refuses a cycle, and more than MAX_DEPTH levels. @param levels it takes in the JSON */
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

/** The path to a place, as JavaScript writes it: `args[0].lines[3].price`. */
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
