/** Runs the checks of a look. */
import { isContention, isTqError, messageOf } from "../errors.ts";
import {
  type Check,
  type Checked,
  type Finding,
  type Found,
  fromSentence,
  type Health,
  type Look,
} from "./check.ts";
import { Examination, type Given } from "./examination.ts";
import { damage } from "./checks/damage.ts";
import { database } from "./checks/database.ts";
import { CHECKS } from "./table.ts";

/**
 * The findings of the checks of this look.
 *
 * @param given the parts of the status, where they have been read already
 * @throws TqError where the database cannot be used.
 */
export async function findings(
  health: Health,
  look: Look,
  given: Given | null = null,
): Promise<Finding[]> {
  const of = new Examination(health, given);
  const found: Finding[] = [];
  for (const check of CHECKS) {
    if (isOf(check, health, look)) found.push(...named(check, await check.find(of, look)));
  }
  return found;
}

interface ExamineOptions {
  /** Leaves out the checks that read the whole file or write to the disk. */
  readonly quick?: boolean;
  /** Called with each check before it is made. */
  readonly before?: (check: Check) => void;
}

/**
 * Makes all checks of the doctor. One that fails is a finding of its own. Where the database cannot be used, is damaged,
 * or another program has locked it, that is the only one: what the others read of it would say the same once more, or be
 * wrong.
 */
export async function examine(
  health: Health,
  { quick = false, before = () => {} }: ExamineOptions = {},
): Promise<Checked[]> {
  const of = new Examination(health);
  const checked: Checked[] = [];
  for (const check of CHECKS) {
    if (!isOf(check, health, "doctor") || (quick && check.isSlow)) continue;
    before(check);
    const one = await examineOne(check, of);
    if (one.isOfFile) return [one];
    checked.push(one);
  }
  return checked;
}

function isOf({ looks, on }: Check, { store }: Health, look: Look): boolean {
  const isThere = on === undefined || (on === "server") === store.traits.isServer;
  return isThere && looks.includes(look);
}

/** @returns also whether the database itself is at fault */
async function examineOne(
  check: Check,
  of: Examination,
): Promise<Checked & { isOfFile?: boolean }> {
  const { name, subject } = check;
  try {
    const found = await check.find(of, "doctor");
    const isWell = found.length === 0;
    const hint = (isWell && (await check.hint?.(of))) || "";
    const fact = (isWell && hint === "" && (await check.fact?.(of))) || "";
    const isOfFile = !isWell && name === damage.name;
    return { name, subject, fact, hint, findings: named(check, found), isOfFile };
  } catch (error) {
    if (isTqError(error) && (error.code === "database" || isContention(error))) {
      return { ...failed(database, error), isOfFile: true };
    }
    return failed(check, error);
  }
}

/** A check that could not be made. */
export function failed(check: Pick<Check, "name" | "subject">, error: unknown): Checked {
  const { name, subject } = check;
  const found = fromSentence(messageOf(error), "");
  return { name, subject, fact: "", hint: "", findings: named(check, [found]) };
}

function named({ name }: Pick<Check, "name">, found: readonly Found[]): Finding[] {
  return found.map((one) => ({ check: name, ...one }));
}
