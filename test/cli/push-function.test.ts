/** `tq push FUNCTION [ARGS]`, and what a user may mistype: a function for a model, and a model for a function. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Folder } from "./tq.ts";

const MODELS = `
import { Model, task } from "tq";
export class Note extends Model {
  static override readonly __name__ = "note";
  static async read(notes: unknown) {}
}
const hidden = task("hidden", () => {});
export const thumbnail = task("thumbnail", { attempts: 4 }, async (path: string, width = 100) => ({ path, width }));
`;

const WORKER = { env: { TQ_QUEUE__WORKER: "1" } };

let folder: Folder;
let bare: Folder;

beforeAll(async () => {
  folder = new Folder();
  folder.write("models.ts", MODELS);
  await folder.store().close(); // a push that makes the queue says so
  bare = new Folder();
});

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await bare[Symbol.asyncDispose]();
});

async function pushed(...args: string[]): Promise<unknown> {
  const { stdout, stderr } = await folder.tqWith(WORKER, "push", ...args, "--json");
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

describe("tq push of a function", () => {
  test.each([
    [[`["a.png", 200]`], ["a.png", 200]],
    [[], []],
    [["[]"], []],
    [["--args", `["a.png"]`], ["a.png"]],
    [[`["a.png"]`, "--queue", "pictures"], ["a.png"]],
  ])("takes %j", async (args, stored) => {
    const task = await pushed("thumbnail", ...args);
    expect(task).toMatchObject({ model: "thumbnail", method: "call", instances: [], args: stored });
  });

  test("reads its arguments from standard input", async () => {
    const said = await folder.tqWith(
      { ...WORKER, input: `["a.png"]\n` },
      "push",
      "thumbnail",
      "-",
      "--json",
    );
    expect(JSON.parse(said.stdout)).toMatchObject({ args: ["a.png"] });
  });

  test("runs it where no worker is configured, and shows it without method and instances", async () => {
    await using own = new Folder();
    own.write("models.ts", MODELS);
    const push = await own.tq("push", "thumbnail", `["a.png"]`, "--wait");
    expect(push.stdout).toBe("1\n");
    expect(push.stderr).toMatch(/ task 1 finished {2}thumbnail {2}run 1 {2}/);
    expect((await own.tq("list")).stdout).toMatch(
      /^ *1 {2}finished {2}default {2} *thumbnail {2}  +1/m,
    );
    const shown = (await own.tq("show", "1")).stdout;
    expect(shown).toMatch(/^call +thumbnail$/m);
    expect(shown).not.toMatch(/^instances +\[/m);
    expect(shown).toMatch(/^result +\{"path":"a.png","width":100\}$/m);
    expect(shown).toMatch(/^attempts +4 +model$/m);
  });

  test("says by its form that a function is meant, where no models are known", async () => {
    for (const args of [[`["a.png"]`], []]) {
      const said = await bare.tqWith(WORKER, "push", "thumbnail", ...args, "--json");
      expect(JSON.parse(said.stdout)).toMatchObject({ method: "call", instances: [] });
    }
    const method = await bare.tqWith(WORKER, "push", "sale", "process");
    expect(method.stderr).toStartWith("tq: INSTANCES is missing");
    const none = await bare.tq("push", "thumbnail");
    expect(none.stderr).toStartWith("tq: Cannot push thumbnail: no models are known here");
  });
});

describe("tq push refuses", () => {
  test.each([
    [
      ["thumbnail", "a.png", "200"],
      2,
      `Cannot push: thumbnail is a function: give its arguments as one list of JSON: tq push thumbnail '["a.png",200]'`,
    ],
    [
      ["thumbnail", "a'b.png"],
      2,
      String.raw`give its arguments as one list of JSON: tq push thumbnail '["a'\''b.png"]'`,
    ],
    [["thumbnail", `"a.png"`], 2, `as one list of JSON: tq push thumbnail '["a.png"]'`],
    [["thumbnail", `["a.png"]`, "200"], 2, `tq push thumbnail '["a.png",200]'`],
    [["thumbnail", "[1]", "--batch", "2"], 2, "Cannot push: batch cannot be 2: it divides a list"],
    [["thumbnail", `["a.png"`], 2, "ARGS cannot be text of 8 characters: it is not JSON"],
    [
      ["thumbnail", "[1]", "--args", "[2]"],
      2,
      "Cannot push: the arguments are given twice, in a list and with --args: leave one out",
    ],
    [
      ["thumbnail", "process", "7"],
      3,
      "Cannot push thumbnail.process: thumbnail is a function, not a model: push it with its arguments alone",
    ],
    [
      ["tumbnail", "[1]"],
      3,
      'Cannot push tumbnail: there is no function "tumbnail"; did you mean "thumbnail"?',
    ],
    [
      ["hidden"],
      3,
      '/models.ts:7:16 makes a function "hidden": export it there, or from a models file',
    ],
    [["not"], 3, 'Cannot push not: there is no function "not"; did you mean "note"?'],
    [
      ["note", "[7]"],
      2,
      "Cannot push: note is a model, not a function: name a method before the instances, such as tq push note read '[7]'",
    ],
    [
      ["note"],
      2,
      "METHOD is missing (the name of one of its methods; for a function its arguments, as a JSON array): tq push [flags] MODEL METHOD INSTANCES",
    ],
    [["thumbnail", "[1]", "2", "3"], 2, `Unexpected argument "3": tq push [flags] MODEL METHOD`],
  ])("%j", async (args, code, sentence) => {
    const said = await folder.tqWith(WORKER, "push", ...args);
    expect(said.stderr).toContain(sentence);
    expect({ code: said.code, stdout: said.stdout }).toEqual({ code, stdout: "" });
  });
});
