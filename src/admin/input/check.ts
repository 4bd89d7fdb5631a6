/** Checks the fields of a request, and lists everything that is wrong with them. */
import * as v from "valibot";
import { isTqError, TqError } from "../../errors.ts";
import { kindWords, quote } from "../../quote.ts";
import { nameHint } from "../../policies/other-names.ts";
import { fieldOf } from "../../policies/table.ts";

export type Fields = v.ObjectSchema<v.ObjectEntries, undefined>;

/** The most problems in one message: a request may have a thousand bad ids. */
export const MAX_LISTED = 20;

/** The problems found so far. Only those that are listed get their sentences: near words take long to look for. */
export class Problems {
  readonly #listed: string[] = [];
  #count = 0;
  readonly #action: string;

  /** @param action the start of the error's sentence: `Cannot push` */
  constructor(action: string) {
    this.#action = action;
  }

  /** True once there are more problems than are listed: another one would only be counted. */
  get isFull(): boolean {
    return this.#count > MAX_LISTED;
  }

  add(sentence: () => string): void {
    this.#count += 1;
    if (this.#listed.length < MAX_LISTED) this.#listed.push(sentence());
  }

  /** The fields of an object, or undefined when there is a problem; `place` is the object's own: `[3]`. */
  read<S extends Fields>(schema: S, input: unknown, place = ""): v.InferOutput<S> | undefined {
    if (typeof input !== "object" || input === null || Array.isArray(input)) {
      this.add(
        () => `${place || "the body"} cannot be ${kindWords(input)}: it must be a JSON object`,
      );
      return undefined;
    }
    for (const key of Object.keys(input)) {
      if (Object.hasOwn(schema.entries, key)) continue;
      this.add(() => {
        const names = Object.keys(schema.entries);
        const hint = nameHint(key, names, (input as Record<string, unknown>)[key], fieldOf);
        return `${place}${place && " "}${quote(key)} is not a field${hint}`;
      });
    }
    const before = this.#count;
    const { fields, absent } = formOf(schema);
    const output = { ...absent };
    for (const { name, field, isRequired } of fields) {
      const given = Object.hasOwn(input, name)
        ? (input as Record<string, unknown>)[name]
        : undefined;
      if (given === undefined && !isRequired) continue;
      output[name] = this.check(field, given, place === "" ? name : `${place}.${name}`);
    }
    return this.#count === before ? (output as v.InferOutput<S>) : undefined;
  }

  /** The value as the schema makes it, or undefined when there is a problem; `place` is its name in the sentences. */
  check<S extends v.GenericSchema>(
    schema: S,
    input: unknown,
    place: string,
  ): v.InferOutput<S> | undefined {
    const result = v.safeParse(schema, input);
    if (result.success) return result.output;
    for (const issue of result.issues) this.add(() => sentenceOf(issue, place));
    return undefined;
  }

  /** The result of `read`, or undefined when it refuses. */
  attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!isTqError(error)) throw error;
      this.add(() => error.message);
      return undefined;
    }
  }

  /**
   * @param unread what was not looked at, in words: ` in the first 3 pushes`
   * @throws TqError `invalid` when there is any problem.
   */
  throwIfAny(unread = ""): void {
    const [first] = this.#listed;
    if (first === undefined) return;
    if (this.#count === 1) throw new TqError("invalid", `${this.#action}: ${first}`);
    const rest = this.#count - this.#listed.length;
    const lines = rest > 0 ? [...this.#listed, `and ${rest} more`] : this.#listed;
    const head = `${this.#action}: ${this.#count} things are wrong${unread}:`;
    throw new TqError("invalid", [head, ...lines].join("\n  "));
  }
}

/** The fields of an object, as they are checked. */
interface Form {
  readonly fields: readonly {
    readonly name: string;
    readonly field: v.GenericSchema;
    readonly isRequired: boolean;
  }[];
  /** The outputs of all fields where they are absent, which nothing changes. */
  readonly absent: Readonly<Record<string, unknown>>;
}

const forms = new WeakMap<Fields, Form>();

/** Most fields of most objects are absent: their outputs are made once, and not for each object. */
function formOf(schema: Fields): Form {
  let form = forms.get(schema);
  if (form === undefined) {
    const entries = Object.entries(schema.entries).map(([name, entry]) => {
      const field = entry as v.GenericSchema;
      const { success, output } = v.safeParse(field, undefined);
      return { name, field, isRequired: !success, output: success ? output : undefined };
    });
    const absent = Object.fromEntries(entries.map(({ name, output }) => [name, output]));
    form = { fields: entries, absent };
    forms.set(schema, form);
  }
  return form;
}

/** The fields whose values no refusal quotes: `args`, `[3].context.order`. */
const MAY_BE_SECRET = /^(?:\[\d+\]\.)?(?:args|kwargs|context|instances)(?:$|[.[])/;

function sentenceOf(issue: v.BaseIssue<unknown>, place: string): string {
  const keys = (issue.path ?? []).map(({ key }) => key);
  const path = keys.reduce<string>((path, key) => {
    if (typeof key === "number") return `${path}[${key}]`;
    return path === "" ? String(key) : `${path}.${String(key)}`;
  }, place);
  // As fields.ts and json-fields.ts say, such a text goes on after the name.
  if (/^[ :.[]/.test(issue.message)) return `${path}${issue.message}`;
  if (issue.input === undefined) return `${path} is missing: it must be ${issue.message}`;
  const given = MAY_BE_SECRET.test(path) ? kindWords(issue.input) : quote(issue.input);
  return `${path} cannot be ${given}: it must be ${issue.message}`;
}
