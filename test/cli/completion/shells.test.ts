/** Completion in real shells: what someone gets who types and presses the tabulator key. */
import { expect, setDefaultTimeout } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { needs } from "../../support/needs.ts";
import { newTask } from "../../support/store.ts";
import { until } from "../../support/until.ts";
import { Folder } from "../tq.ts";
import { type ShellName, TypedShell } from "./shell.ts";

setDefaultTimeout(60_000);

const MODELS = `
import { Model, task } from "tq";
export class Sale extends Model {
  static __name__ = "sale.order";
  static async process() {}
  static async print_label() {}
}
export const thumbnail = task("thumbnail", async () => {});
`;

/** Its name would run a program, were it not quoted. */
const NASTY = "odd $(touch hacked) `touch hacked`; 'q' \\ é";

async function shop(): Promise<Folder> {
  const folder = new Folder();
  folder.write("models.ts", MODELS);
  const store = folder.store();
  await store.push([newTask({ queue: "print" }), newTask({ queue: NASTY })]);
  await store.close();
  return folder;
}

const ALL: readonly (readonly [ShellName, ReturnType<typeof needs>])[] = [
  ["bash", needs("bash")],
  ["zsh", needs("zsh")],
  ["fish", needs("fish")],
];

for (const [name, having] of ALL) {
  having.test(
    `${name} completes commands, models, methods, queues, flags and words of tq`,
    async () => {
      await using folder = await shop();
      await using shell = await TypedShell.start(folder, name);
      expect(await shell.enter("tq pus⇥sale.o⇥proc⇥1 --que⇥pri⇥")).toEqual([
        "push",
        "sale.order",
        "process",
        "1",
        "--queue",
        "print",
      ]);
      expect(await shell.enter("tq cron hist⇥")).toEqual(["cron", "history"]);
      expect(await shell.enter("tq list --queue=pri⇥--state failed,fin⇥")).toEqual([
        "list",
        "--queue=print",
        "--state",
        "failed,finished",
      ]);
      expect(await shell.enter("tq init --starter sh⇥")).toEqual(["init", "--starter", "shop"]);
      expect(await shell.enter("tq pause --task sale.order.pri⇥")).toEqual([
        "pause",
        "--task",
        "sale.order.print_label",
      ]);
    },
  );

  having.test(
    `${name} quotes the names that tq completes, and runs nothing that is in them`,
    async () => {
      await using folder = await shop();
      await using shell = await TypedShell.start(folder, name);
      expect(await shell.enter("tq stats odd⇥")).toEqual(["stats", NASTY]);
      expect(existsSync(folder.file("hacked"))).toBe(false);
    },
  );

  having.test(`${name} goes on behind a backslash with which a name was begun`, async () => {
    await using folder = await shop();
    const store = folder.store();
    await store.push([newTask({ queue: "we ird" }), newTask({ queue: "we'quo" })]);
    await store.close();
    await using shell = await TypedShell.start(folder, name);
    expect(await shell.enter("tq list --queue we\\'⇥")).toEqual(["list", "--queue", "we'quo"]);
    expect(await shell.enter("tq list --queue we\\ ⇥")).toEqual(["list", "--queue", "we ird"]);
  });

  having.test(`${name} completes the files and folders of tq's arguments and flags`, async () => {
    await using folder = await shop();
    folder.write("program one.ts", "");
    folder.write("other.toml", "");
    mkdirSync(folder.file("place"));
    await using shell = await TypedShell.start(folder, name);
    expect(await shell.enter("tq run prog⇥")).toEqual(["run", "program one.ts"]);
    expect(await shell.enter("tq -c oth⇥list --database=oth⇥")).toEqual([
      "-c",
      "other.toml",
      "list",
      "--database=other.toml",
    ]);
    expect((await shell.enter("tq init pla⇥"))[1]).toMatch(/^place\/?$/);
  });

  having.test(
    `${name} completes each value of a list, and leaves its commas as they are`,
    async () => {
      await using folder = await shop();
      await using shell = await TypedShell.start(folder, name);
      const store = folder.store();
      await store.push([newTask({ queue: "press" }), newTask({ queue: "mail" })]);
      await store.close();
      const line = ["worker", "--queue", "mail,press,print"];
      expect(await shell.enter("tq worker --queue mail,press,pri⇥")).toEqual(line);
      expect(await shell.enter("tq worker --queue=mail,pres⇥")).toEqual([
        "worker",
        "--queue=mail,press",
      ]);
      expect(shell.text).not.toContain("\\,");
    },
  );

  having.test(`${name} lists what fits where several words of tq do`, async () => {
    await using folder = await shop();
    await using shell = await TypedShell.start(folder, name);
    shell.type("tq push sale.order p\t\t\t");
    await until(() => {
      expect(shell.text).toContain("process");
      expect(shell.text).toContain("print_label");
    });
  });

  having.test(
    `${name} goes on, and shows nothing, where the models of the folder cannot be loaded`,
    async () => {
      await using folder = await shop();
      const hurt = 'console.log("HURT"); require("node:fs").writeSync(1, "HURT\\n");';
      await using shell = await TypedShell.start(folder, name, "2s");
      for (const end of ['throw new Error("HURT");', "process.exit(3);", "for (;;);"]) {
        folder.write("models.ts", `${hurt} console.error("HURT"); ${end}`);
        // Those of tasks are known from the database.
        expect(await shell.enter("tq push sal⇥proc⇥7")).toEqual(["push", "sale", "process", "7"]);
      }
      folder.write("tq.toml", "broken");
      expect(await shell.enter("tq push sal⇥7")).toEqual(["push", "sal7"]);
      expect(shell.text).not.toContain("HURT");
      expect(shell.text).not.toContain("tq: ");
    },
  );
}

needs("zsh").test("zsh finds the completion of tq as a file of its fpath", async () => {
  await using folder = await shop();
  const { stdout } = await folder.tq("completions", "zsh");
  folder.write("_tq", stdout);
  await using shell = await TypedShell.start(folder, "zsh");
  shell.type(`unfunction _tq; fpath=(${folder.path} $fpath); compinit -D -u\r`);
  expect(await shell.enter("tq versi⇥")).toEqual(["version"]);
  expect(await shell.enter("tq stats pri⇥")).toEqual(["stats", "print"]);
});
