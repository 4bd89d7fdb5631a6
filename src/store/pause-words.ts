/** The words for pauses, wherever they are shown. */
import { TqError } from "../errors.ts";
import { flagInShell, inShell } from "../in-shell.ts";
import { isPattern } from "../patterns.ts";
import { cut, quote } from "../quote.ts";
import { didYouMean } from "../suggest.ts";
import { callWords, isFunctionCall } from "../task.ts";
import { localTime } from "../values/moment.ts";
import { type Pausable, type Pause, pausesOf, type PauseTarget } from "./pauses.ts";

function nameWords(name: string): string {
  return /^[\w@%+=:./*?-]{1,200}$/.test(name) ? name : quote(name);
}

/** `the queue print`, `the queues label*`, `the method sale.process`. */
export function targetWords({ kind, name }: PauseTarget): string {
  const noun = kind === "queue" ? "queue" : name.includes(".") ? "method" : "function";
  return `the ${noun}${isPattern(name) ? "s" : ""} ${nameWords(name)}`;
}

/** @param inForce the pauses there are */
export function notPaused(target: PauseTarget, inForce: readonly PauseTarget[]): TqError {
  const names = inForce.filter(({ kind }) => kind === target.kind).map(({ name }) => name);
  const others = inForce.length === 0 ? "; nothing is" : "; tq status shows what is";
  const hint = didYouMean(target.name, names) || others;
  return new TqError("not_found", `Cannot resume ${targetWords(target)}: not paused${hint}`);
}

/** `the queue print is paused by ana@till3 since 13:02: toner; until 14:00`. */
export function pauseWords(pause: Pause, now: number, subject = targetWords(pause)): string {
  const { name, by, since, reason, until } = pause;
  const verb = isPattern(name) && subject === targetWords(pause) ? "are" : "is";
  const why = reason === null ? "" : `: ${plain(reason)}`;
  const end = until === null ? "" : `; until ${localTime(until, now)}`;
  return `${subject} ${verb} paused by ${plain(by)} since ${localTime(since, now)}${why}${end}`;
}

/** As it is written, where it is one line of visible text. */
function plain(text: string): string {
  return /^\P{C}*$/u.test(text) ? cut(text) : quote(text);
}

/** Of one task: `its queue print is paused by …`. */
function heldWords(pause: Pause, task: Pausable, now: number): string {
  const { kind, name } = pause;
  const own = kind === "queue" ? task.queue : callWords(task);
  const noun = kind === "queue" ? "queue" : isFunctionCall(task) ? "function" : "method";
  const pattern = isPattern(name) ? ` (${nameWords(name)})` : "";
  return pauseWords(pause, now, `its ${noun} ${nameWords(own)}${pattern}`);
}

/** Why a task is held, in one sentence without a start and an end; null: no pause holds it. */
export function whyHeld(pauses: readonly Pause[], task: Pausable, now: number): string | null {
  const held = pausesOf(pauses, task).map((pause) => heldWords(pause, task, now));
  return held.length === 0 ? null : held.join("; and ");
}

/** The command that ends a pause. */
export function resumeCommand({ kind, name }: PauseTarget): string {
  if (kind === "task") return `tq resume ${flagInShell("--task", name)}`;
  return `tq resume ${name.startsWith("-") ? "-- " : ""}${inShell(name)}`;
}
