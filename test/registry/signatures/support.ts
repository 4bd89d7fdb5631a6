/** Models that are loaded from files of these texts, and what is known of their arguments. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadModels } from "../../../src/registry/load-models.ts";
import { loadedVersion } from "../../../src/registry/model-version.ts";
import { callHeads } from "../../../src/registry/signatures/heads.ts";
import { type Signature, signatureOf } from "../../../src/registry/signatures/signatures.ts";
import type { ArgumentType } from "../../../src/registry/signatures/types.ts";
import { makeFolder } from "../../support/folder.ts";

const TQ = JSON.stringify(join(import.meta.dir, "../../../src/index.ts"));

/** @param files `models.ts` and those that it imports; each has all of tq. */
export async function load(files: Record<string, string>, main = Object.keys(files)[0] ?? "") {
  const made = makeFolder();
  const write = (name: string, text: string) => {
    const path = join(made.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  for (const [name, text] of Object.entries(files)) {
    write(name, `import { Model, ModelSQL, currentTask, task, v } from ${TQ};\n${text}`);
  }
  const registry = await loadModels(join(made.path, main));
  const calls = { heads: callHeads(registry), version: loadedVersion() };
  return {
    write,
    of: (call: string) => signatureOf(call, calls),
    [Symbol.dispose]: () => made[Symbol.dispose](),
  };
}

/** The class of a model with this body. */
export const sale = (body: string) =>
  `export class Sale extends ModelSQL("sale", { number: v.optional(v.string()) }) {\n${body}\n}`;

/** `to: text, copies?: number` */
export function shown(signature: Signature | null): string | null {
  if (signature === null) return null;
  return signature
    .map(({ name, type, isOptional, isRest, hasNull }) => {
      const start = `${isRest ? "…" : ""}${name ?? "-"}${isOptional && !isRest ? "?" : ""}`;
      return `${start}: ${typeWords(type)}${hasNull ? " or null" : ""}`;
    })
    .join(", ");
}

function typeWords(type: ArgumentType): string {
  if (type.kind === "choice") return type.choices.map((one) => JSON.stringify(one)).join("|");
  return type.kind === "list" ? `list of ${typeWords(type.of)}` : type.kind;
}
