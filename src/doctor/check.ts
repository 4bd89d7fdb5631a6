/** Checks and their findings: `/healthz`, `/readyz`, `tq status` and `tq doctor` ask the same ones. */
import type { ModelCatalog } from "../catalog.ts";
import type { Config } from "../settings/config.ts";
import type { Store } from "../store/store.ts";
import type { Examination } from "./examination.ts";

/**
 * The one who asks. "health": whether this process can store tasks and run them, which must cost nothing; "ready":
 * whether tasks are stored and run; "status": what is wrong, for people; "doctor": all that may become so.
 */
export type Look = "health" | "ready" | "status" | "doctor";

export interface Health {
  readonly store: Store;
  readonly config: Config;
  /** The one who runs the tasks of the database: "no worker" where each program runs its own. */
  readonly mode: "worker" | "no worker";
  /** Why the worker beside this server can run no task; null: it can, or there is none. */
  readonly trouble?: () => string | null;
  /** The models that this process has loaded; null: none. */
  readonly catalog?: () => ModelCatalog | null;
  /** Loads the models of the settings, which are user code, for `catalog`; left out: that is not done. */
  readonly load?: () => Promise<void>;
}

export interface Found {
  /** The fault, and its place. */
  readonly message: string;
  /** The advice; "" where the message says it. */
  readonly advice: string;
}

export interface Finding extends Found {
  /** The name of the check. */
  readonly check: string;
}

export interface Check {
  /** A word for scripts. */
  readonly name: string;
  /** The thing that it looks at, for people. */
  readonly subject: string;
  readonly looks: readonly Look[];
  /** The kind of database that has it; left out: both. */
  readonly on?: "file" | "server";
  /** True: it reads the whole file, or writes to the disk; a page of the dashboard leaves it out. */
  readonly isSlow?: true;
  find(of: Examination, look: Look): Promise<readonly Found[]>;
  /** A fact that it has seen, where it found nothing; "" says nothing. */
  fact?(of: Examination): Promise<string>;
  /** Where it found nothing: a sentence to be told instead of the fact, for what need not be wrong; "" says nothing. */
  hint?(of: Examination): Promise<string>;
}

export interface Checked extends Pick<Check, "name" | "subject"> {
  readonly fact: string;
  readonly hint: string;
  readonly findings: readonly Finding[];
}

export function sentenceOf({ message, advice }: Found): string {
  if (advice === "") return message;
  return message.endsWith("?") ? `${message} ${capital(advice)}` : `${message}; ${advice}`;
}

export function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A sentence that stands alone. */
export function withEnd(sentence: string): string {
  return sentence.endsWith("?") ? sentence : `${sentence}.`;
}

/** Most sentences of tq end with what to do, after their last semicolon. @param otherwise where this one does not */
export function fromSentence(sentence: string, otherwise: string): Found {
  const end = sentence.lastIndexOf("; ");
  if (end === -1) return { message: sentence, advice: otherwise };
  return { message: sentence.slice(0, end), advice: sentence.slice(end + 2) };
}
