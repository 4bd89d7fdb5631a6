/** The sections `[tasks."model.method"]` of tq.toml: how an operator wants tasks run. */
import { isPlain } from "../values/plain.ts";
import { isPattern } from "../patterns.ts";
import { IN_TOML, readPolicies, type Said } from "../policies/read.ts";
import { POLICY_KEYS } from "../policies/table.ts";
import { quote } from "../quote.ts";

/** The policies in tq.toml for the methods that a pattern matches. */
export interface TaskRules {
  /** The name of a model and a method, `sale.process`, or a pattern such as `mail.*`. */
  readonly pattern: string;
  readonly said: Said;
}

/**
 * Reads all of them; the ones that win come last.
 *
 * @param where begins the sentence of an error.
 * @param refuse called with each problem.
 */
export function readTaskRules(
  sections: object,
  where: string,
  refuse: (problem: string) => void,
): TaskRules[] {
  const rules: TaskRules[] = [];
  for (const [pattern, given] of Object.entries(sections as Record<string, unknown>)) {
    const section = `${where}: [tasks.${JSON.stringify(pattern)}]`;
    if (typeof given !== "object" || given === null || Array.isArray(given)) {
      const hint = `; write it in a section, such as [tasks."sale.process"] or [tasks."*"]`;
      refuse(`${where}: [tasks] ${pattern} cannot be ${quote(given)}${hint}`);
    } else if (isNested(given)) {
      const inner = Object.keys(given).find((key) => isTable(given, key)) ?? "";
      refuse(
        `${section} is no section of a method: write [tasks."${pattern}.${inner}"], with quotes`,
      );
    } else rules.push({ pattern, said: readPolicies(given, section, IN_TOML, refuse) });
  }
  return rules.sort((a, b) => rank(a.pattern) - rank(b.pattern));
}

/** `[tasks.mail.send]` without quotes is a table in a table; of a policy it is a value, which may be wrong. */
function isNested(section: object): boolean {
  return Object.keys(section).some((key) => isTable(section, key));
}

function isTable(section: object, key: string): boolean {
  if (POLICY_KEYS.some((policy) => IN_TOML.keyOf(policy) === key)) return false;
  const value = (section as Record<string, unknown>)[key];
  return typeof value === "object" && value !== null && isPlain(value);
}

/** A name is worth more than any pattern, and a longer pattern more than a shorter one. */
function rank(pattern: string): number {
  if (!isPattern(pattern)) return Number.MAX_SAFE_INTEGER;
  return pattern.replace(/[*?]/g, "").length;
}
