/** `tq bundle`: writes the models, and all that they import, into one file. That file and tq are all that a box needs. */
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { isTqError, TqError } from "../src/errors.ts";
import { giveOwner } from "../src/file-owner.ts";
import { standardError } from "../src/log/standard-stream.ts";
import { modelFiles, realFile } from "../src/registry/model-files.ts";
import { tsconfigPlugins } from "../src/registry/tsconfig.ts";
import { requireModels } from "../src/worker/lacking-models.ts";
import { cannotWriteFile, removeDraft } from "../src/whole-file.ts";
import { BUNDLE_MARK, checkTarget } from "./bundle-target.ts";
import { command } from "./command/command.ts";
import { loadInProcess } from "./command/models.ts";
import { loadRegistry } from "./command/runtime.ts";

export const bundle = command({
  name: "bundle",
  description: "Write the models, and all that they import, into one file",
  flags: {
    file: {
      type: "positional",
      isPath: true,
      required: false,
      description: "The file to write (default: models.js beside the models)",
    },
    force: {
      type: "boolean",
      description: "Replace the file also where tq bundle has not made it",
    },
  },
  run: async ({ file, force = false }, program) => {
    const config = program.config();
    const { models } = config;
    if (models === null) {
      throw refused("there is no models.ts and no models folder here; name them with --models");
    }
    const target = realFile(resolve(file ?? join(dirname(models), "models.js")));
    if (!/\.m?js$/.test(target)) throw refused(`${target} must end in .js`, "invalid");
    const sources = modelFiles(models);
    if (sources.some((source) => realFile(source) === realFile(target))) {
      throw refused(`${target} is what it would be made of; name another file`, "invalid");
    }
    if (!sources.includes(models) && target.startsWith(join(models, sep))) {
      throw refused(`${target} would be one of them; name a file in another folder`, "invalid");
    }
    must(target, () => checkTarget(target, force));
    const registry = await loadRegistry(config, program, standardError());
    const text = mapFrom(dirname(target), await built(models, sources));
    const catalog = registry.catalog();
    requireModels(catalog, [models]);
    await write(target, text, async (written) => {
      const bundled = await loadInProcess(written);
      if (!Bun.deepEquals(bundled.catalog(), catalog)) {
        throw refused("its models are not those of the files that it was made of");
      }
    });
    const names = Object.keys(catalog);
    const bytes = Buffer.byteLength(text);
    program.answer({ file: target, bytes, models: names }, () => target);
  },
});

function refused(why: string, code: "models" | "invalid" = "models"): TqError {
  return new TqError(code, `Cannot bundle the models: ${why}`);
}

/** The name by which the entry of several files is known to the bundler. */
const ENTRY = "tq:models";

/** Bun would write the paths of this machine in their place; a definition may only be a name, or text. */
const OWN_PLACE = "var __tq_dirname = import.meta.dir, __tq_filename = import.meta.path;";

async function built(models: string, sources: readonly string[]): Promise<string> {
  const [only] = sources.length === 1 ? sources : [];
  const entry = only === undefined ? await entryOf(sources) : "";
  const result = await Bun.build({
    entrypoints: [only ?? ENTRY],
    target: "bun",
    external: ["tq", "tq/testing"],
    banner: `${BUNDLE_MARK}\n${OWN_PLACE}`,
    define: { __dirname: "__tq_dirname", __filename: "__tq_filename" },
    sourcemap: "inline", // errors name the lines of the models
    throw: false,
    plugins: [
      {
        name: "entry",
        setup(build) {
          build.onResolve({ filter: /^tq:models$/ }, () => ({ path: ENTRY, namespace: "entry" }));
          build.onLoad({ filter: /.*/, namespace: "entry" }, () => {
            return { contents: entry, loader: "js" };
          });
        },
      },
      ...tsconfigPlugins([...(only === models ? [] : [models]), dirname(models)]),
    ],
  });
  const [first] = result.outputs;
  if (!result.success || first === undefined) throw refused(result.logs.map(String).join("; "));
  const other = result.outputs[1];
  if (other !== undefined) {
    throw refused(`they import ${basename(other.path)}, which cannot be in a JavaScript file`);
  }
  return first.text();
}

const MAP = "\n//# sourceMappingURL=data:application/json;base64,";

/** The bundler names the sources from the current folder, and those who read the file look from the file's own. */
function mapFrom(folder: string, text: string): string {
  const at = text.lastIndexOf(MAP);
  if (at === -1) return text;
  const json = Buffer.from(text.slice(at + MAP.length), "base64").toString();
  const map = JSON.parse(json) as { sources: string[] };
  const fromThere = (source: string) => {
    const path = resolve(source);
    return existsSync(path) ? relative(realFile(folder), path).replaceAll("\\", "/") : source;
  };
  const moved = JSON.stringify({ ...map, sources: map.sources.map(fromThere) });
  return `${text.slice(0, at)}${MAP}${Buffer.from(moved).toBase64()}\n`;
}

/** Exports all that the files export; two of them may use one name for it. */
async function entryOf(sources: readonly string[]): Promise<string> {
  const lines: string[] = [];
  for (const [index, source] of sources.entries()) {
    const path = realFile(source);
    const names = Object.keys((await import(path)) as object); // it is loaded already
    const exported = names.map((name) => `${name} as ${name}_${index + 1}`).join(", ");
    lines.push(`export { ${exported} } from ${JSON.stringify(path)};`);
  }
  return lines.join("\n");
}

/** @throws TqError "invalid" or "full" where the target cannot be written. */
function must(target: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw isTqError(error) ? error : cannotWriteFile(target, error);
  }
}

/** Replaces the file at once, and not before the check has passed: a worker may load it meanwhile. */
async function write(
  target: string,
  text: string,
  check: (written: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(target);
  const draft = join(folder, `.${basename(target, ".js")}-${crypto.randomUUID().slice(0, 8)}.js`);
  try {
    must(target, () => writeFileSync(draft, text, { flag: "wx" }));
    await check(draft);
    giveOwner(draft, folder);
    must(target, () => renameSync(draft, target));
  } finally {
    removeDraft(draft);
  }
}
