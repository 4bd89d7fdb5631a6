import { expect, spyOn, test } from "bun:test";
import { loadInProcess } from "../../cli/command/models.ts";
import { TqError } from "../../src/errors.ts";
import {
  LONG_LOAD_MS,
  LONGEST_LOAD_MS,
  longLoadWords,
  tooLongLoadWords,
} from "../../src/registry/long-load.ts";
import { errorOf } from "../support/error.ts";
import { until } from "../support/until.ts";
import { Folder } from "./tq.ts";

test("models that end the program while they are loaded have a sentence, and their own exit status", async () => {
  await using folder = new Folder();
  folder.write("models.ts", "process.exit(3);");
  expect(await folder.tq("push", "note", "read", "7")).toEqual({
    code: 7,
    stdout: "",
    stderr: `tq: Cannot load models from ${folder.file("models.ts")}: they called process.exit(3) while they were being loaded\n`,
  });
});

test("models that take long to load are named, once they have been loaded for so long", async () => {
  await using folder = new Folder();
  const file = folder.file("models.ts");
  folder.write("models.ts", "await new Promise((resolve) => (globalThis.finish = resolve));");
  const waits: { run: () => void; wait: number }[] = [];
  const said: string[] = [];
  let loading: Promise<unknown>;
  {
    using _ = spyOn(globalThis, "setTimeout").mockImplementation(
      ((run: () => void, wait: number) => void waits.push({ run, wait })) as never,
    );
    loading = loadInProcess(file, (text) => said.push(text));
  }
  const [late] = waits.filter(({ wait }) => wait === LONG_LOAD_MS);
  late?.run();
  expect(said).toEqual([`tq: ${longLoadWords(file)}`]);
  const models = globalThis as { finish?: () => void };
  await until(() => expect(models.finish).toBeFunction());
  models.finish?.();
  await loading;
});

test("models that are not loaded after a minute are given up, with their own exit status", async () => {
  await using folder = new Folder();
  const file = folder.file("models.ts");
  folder.write("models.ts", "await new Promise(() => {});");
  const waits: { run: () => void; wait: number }[] = [];
  let loading: Promise<unknown>;
  {
    using _ = spyOn(globalThis, "setTimeout").mockImplementation(
      ((run: () => void, wait: number) => void waits.push({ run, wait })) as never,
    );
    loading = loadInProcess(file);
  }
  waits.find(({ wait }) => wait === LONGEST_LOAD_MS)?.run();
  expect(await errorOf(() => loading)).toEqual(new TqError("models", tooLongLoadWords(file)));
});
