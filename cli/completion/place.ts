/** Finds what stands at the end of an unfinished command line: it knows less of it than `line.ts`, and refuses nothing. */
import { type Command, type CommandGroup, type Commands, isGroup } from "../command/command.ts";
import { aliasesOf, COMMON_FLAGS, type Flag, type Flags } from "../command/flags.ts";

/** The kinds of word that the last one may be. */
export type Place =
  | { readonly at: "command"; readonly commands: Commands }
  | { readonly at: "flag"; readonly command: Command | null; readonly flags: Flags }
  | { readonly at: "value"; readonly command: Command | null; readonly flag: Flag }
  /** @param name of the positional argument */
  | { readonly at: "argument"; readonly command: Command; readonly name: string }
  /** An argument of the program that `tq run` runs. */
  | { readonly at: "program" };

export interface Line {
  /** null: it is known that nothing may stand there, or not known what. */
  readonly place: Place | null;
  /** The last word, as far as it is a value of its own: without the `--flag=` before it. */
  readonly word: string;
  /** That beginning. */
  readonly before: string;
  /** The names of the flags that stand before the last word, and their last values. */
  readonly given: ReadonlyMap<string, string | true>;
  /** The positional arguments before it. */
  readonly positionals: readonly string[];
}

/** @param words of the command line behind `tq`, up to the one that is to be completed */
export async function placeOf(words: readonly string[], commands: Commands): Promise<Line> {
  const reader = new LineReader(commands);
  for (const word of words.slice(0, -1)) await reader.take(word);
  return reader.end(words.at(-1) ?? "");
}

class LineReader {
  #commands: Commands;
  #command: Command | null = null;
  /** The flag whose value comes next. */
  #open: { readonly name: string; readonly flag: Flag } | null = null;
  #isUnknown = false;
  #isOver = false;
  #isProgram = false;
  readonly #given = new Map<string, string | true>();
  readonly #positionals: string[] = [];

  constructor(commands: Commands) {
    this.#commands = commands;
  }

  async take(word: string): Promise<void> {
    if (this.#isProgram || this.#isUnknown) return;
    if (this.#open !== null) {
      this.#given.set(this.#open.name, word);
      this.#open = null;
    } else if (!this.#isOver && word === "--") this.#isOver = true;
    else if (!this.#isOver && word.startsWith("-") && word !== "-") this.#takeFlag(word);
    else if (this.#command === null) await this.#takeCommand(word);
    else {
      this.#positionals.push(word);
      this.#isProgram = this.#command.passesOn;
    }
  }

  end(last: string): Line {
    const [, before = "", value = last] = /^(--[^=]+=)(.*)$/s.exec(last) ?? [];
    const isFlag = this.#open === null && !this.#isOver && last.startsWith("-");
    const word = isFlag && before !== "" ? value : last;
    return {
      place: this.#placeOf(isFlag, before),
      word,
      before: word === last ? "" : before,
      given: this.#given,
      positionals: this.#positionals,
    };
  }

  #placeOf(isFlag: boolean, before: string): Place | null {
    if (this.#isProgram) return { at: "program" };
    if (this.#isUnknown) return null;
    const command = this.#command;
    if (this.#open !== null) return { at: "value", command, flag: this.#open.flag };
    if (isFlag && before !== "") {
      const found = findFlag(before.slice(2, -1), this.#flags);
      return found?.[1].type === "string" ? { at: "value", command, flag: found[1] } : null;
    }
    if (isFlag) return { at: "flag", command, flags: this.#flags };
    if (command === null) return { at: "command", commands: this.#commands };
    const names = Object.keys(command.flags).filter(
      (name) => command.flags[name]?.type === "positional",
    );
    const name = names[this.#positionals.length] ?? (command.many ? names.at(-1) : undefined);
    return name === undefined ? null : { at: "argument", command, name };
  }

  get #flags(): Flags {
    return this.#command?.flags ?? COMMON_FLAGS;
  }

  /** `--flag`, `--flag=value`, `-f`, `-fvalue`, `-vq`. */
  #takeFlag(word: string): void {
    const isLong = word.startsWith("--");
    const [name = "", ...values] = (isLong ? word.slice(2) : word.slice(1, 2)).split("=");
    const found = findFlag(name, this.#flags);
    if (found === undefined) return;
    const [key, flag] = found;
    const rest = isLong ? values.join("=") : word.slice(2);
    if (flag.type === "boolean" || flag.bare !== undefined) this.#given.set(key, true);
    else if (rest !== "" || values.length > 0) this.#given.set(key, rest.replace(/^=/, ""));
    else this.#open = { name: key, flag };
    if (!isLong && flag.type === "boolean" && rest !== "") this.#takeFlag(`-${rest}`);
  }

  async #takeCommand(word: string): Promise<void> {
    if (word === "help") return; // the words of a command follow
    const load = Object.hasOwn(this.#commands, word) ? this.#commands[word] : undefined;
    const entry: Command | CommandGroup | undefined = await load?.();
    if (entry === undefined) this.#isUnknown = true;
    else if (isGroup(entry)) this.#commands = entry.commands;
    else this.#command = entry;
  }
}

function findFlag(name: string, flags: Flags): [string, Flag] | undefined {
  return Object.entries(flags).find(
    ([key, flag]) => flag.type !== "positional" && (key === name || aliasesOf(flag).includes(name)),
  );
}
