/** Reads the policies of one method from an object of a model, of tq.toml, or of JSON that a push has stored. */
import { TqError, messageOf } from "../errors.ts";
import { NONE } from "../values/option-kinds.ts";
import { policyHint } from "./other-names.ts";
import {
  fieldOf,
  POLICIES,
  POLICY_KEYS,
  type Policy,
  type PolicyKey,
  type PolicyRow,
} from "./table.ts";

/** The policies that one source says; the others are absent. */
export type Said = Partial<Policy>;

/** How a source writes its keys, and which of them it can say. */
export interface Notation {
  /** The key of a policy there; null: it cannot be said there. */
  readonly keyOf: (key: PolicyKey) => string | null;
  /** Between the place and the key in the sentence of an error. */
  readonly joint: string;
  readonly takesFunctions: boolean;
}

export const IN_MODEL: Notation = { keyOf: (key) => key, joint: ".", takesFunctions: true };

export const IN_TOML: Notation = {
  keyOf: (key) => (rowOf(key).onlyModel === true ? null : fieldOf(key)),
  joint: " ",
  takesFunctions: false,
};

/**
 * @param refuse called with a sentence for each value that is wrong, and each key that there is not.
 */
export function readPolicies(
  given: object,
  where: string,
  { keyOf, joint, takesFunctions }: Notation,
  refuse: (problem: string) => void,
): Said {
  const keys = new Map(
    POLICY_KEYS.flatMap((key) => {
      const written = keyOf(key);
      return written === null ? [] : [[written, key] as const];
    }),
  );
  const said: Record<string, unknown> = {};
  for (const [written, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const key = keys.get(written);
    if (key === undefined) {
      refuse(`${where}: ${unknownWords(written, value, keys.keys(), keyOf)}`);
      continue;
    }
    try {
      const name = `${where}${joint}${written}`;
      if (typeof value === "function" && !takesFunctions) throw cannotBeFunction(name);
      said[key] = rowOf(key).read(value, name);
    } catch (error) {
      refuse(messageOf(error));
    }
  }
  return said;
}

function unknownWords(
  key: string,
  value: unknown,
  known: Iterable<string>,
  keyOf: Notation["keyOf"],
): string {
  const isModels = POLICY_KEYS.some((one) => fieldOf(one) === key && rowOf(one).onlyModel === true);
  if (isModels) return `only a model can say ${key}, in its static tasks`;
  const written = (name: string) =>
    Object.hasOwn(POLICIES, name) ? keyOf(name as PolicyKey) : null;
  return `${key} is not a policy${policyHint(key, known, value, written)}`;
}

function cannotBeFunction(name: string): TqError {
  return new TqError("invalid", `${name} cannot be a function here: only a model can say one`);
}

function rowOf(key: PolicyKey): PolicyRow<unknown> {
  return POLICIES[key] as PolicyRow<unknown>;
}

/** The policies that a push stores with its tasks, as JSON. */
export const PUSHED_KEYS = ["attempts", "backoff", "timeout"] as const satisfies PolicyKey[];

/**
 * The column `policy` of a task may also say that the task never expires (when it does is a column of its own), and has
 * the keys of `OF_FOLLOW_UP`.
 */
const STORED_KEYS: readonly PolicyKey[] = [...PUSHED_KEYS, "expires", "onFailed", "missing"];

/** The policy of a task that a failure has pushed: its own failure pushes none, and it must not pass over missing records. */
export const OF_FOLLOW_UP = JSON.stringify({ onFailed: NONE, missing: "fail" });

/** The JSON text of a push's own policies; null where it says none. */
export function pushedJson(said: Said): string | null {
  const json: Record<string, unknown> = {};
  for (const key of STORED_KEYS) {
    const value = said[key];
    const isSaid = value !== undefined && (value !== null || rowOf(key).preset === null); // null may be no limit
    if (isSaid) json[key] = rowOf(key).toJson(value);
  }
  return Object.keys(json).length === 0 ? null : JSON.stringify(json);
}

/** Reads what `pushedJson` or plain SQL has stored. @throws TqError "invalid" */
export function readPushed(text: string, where: string): Said {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw new TqError("invalid", `${where} cannot be read: ${String(cause)}`, { cause });
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new TqError("invalid", `${where} must be an object`);
  }
  const notation: Notation = {
    keyOf: (key) => (STORED_KEYS.includes(key) ? key : null),
    joint: ": ",
    takesFunctions: false,
  };
  return readPolicies(given, where, notation, (problem) => {
    throw new TqError("invalid", problem);
  });
}
