/** `tq cron` and the recurring tasks of models that no worker has taken up yet. */
import { describe, expect, test } from "bun:test";
import { originOf } from "../../src/cron/origin.ts";
import { HOST } from "../support/tested-store.ts";
import { Folder } from "./tq.ts";

const modelsWith = (schedule: string) => `
  import { Model, task } from "tq";
  export class Night extends Model {
    static readonly __name__ = "night";
    static readonly cron = { nightly: { schedule: "${schedule}", method: "run" } };
    static async run() {}
  }
  export const sweep = task("sweep", { cron: { swept: { schedule: "@hourly" } } }, () => {});
`;

function shop(toml = ""): Folder {
  const folder = new Folder();
  folder.write("models.ts", modelsWith("30 2 * * *"));
  folder.write("tq.toml", `[queue]\nworker = true\n${toml}`);
  return folder;
}

async function listed(folder: Folder) {
  const { stdout } = await folder.tq("cron", "list", "--json");
  return JSON.parse(stdout) as Record<string, unknown>[];
}

describe("before any worker has started", () => {
  test("tq cron list has those of models, with what tq.toml says of them", async () => {
    await using folder = shop('[cron.nightly]\nqueue = "mail"\n');
    expect(await listed(folder)).toMatchObject([
      { name: "nightly", schedule: "30 2 * * *", queue: "mail", in_database: false },
      { name: "swept", task: "sweep", in_database: false },
    ]);
    const { stdout } = await folder.tq("cron", "list");
    expect(stdout).toContain("not taken up yet: a worker does so when it starts");
  });

  test("they are run, paused, edited and explained by their names", async () => {
    await using folder = shop();
    expect(await folder.tq("cron", "run", "nightly")).toMatchObject({ code: 0, stdout: "1\n" });
    expect((await folder.tq("cron", "pause", "swept")).stdout).toStartWith("swept is paused by ");
    const edited = await folder.tq("cron", "edit", "swept", "--schedule", "@daily");
    expect(edited.stdout).toContain("schedule was @hourly, and is @daily");
    await using other = shop();
    expect((await other.tq("cron", "explain", "swept")).code).toBe(0);
    expect(await other.tq("cron", "run", "nigthly")).toMatchObject({ code: 3 });
  });

  test("the name of one that models say cannot be added", async () => {
    await using folder = shop();
    const added = ["cron", "add", "nightly", "--schedule", "@daily", "--task", "sweep"];
    const taken = `Cannot add nightly: the name is taken by ${folder.file("models.ts")}`;
    expect((await folder.tq(...added)).stderr).toContain(taken);
    await folder.tq("push", "sweep");
    expect((await folder.tq(...added)).stderr).toContain(taken);
  });

  test("those of files, and tq's own, cannot be removed, and have no history yet", async () => {
    await using folder = shop();
    const swept = `Cannot remove swept: it is defined in ${folder.file("models.ts")}`;
    expect((await folder.tq("cron", "remove", "swept")).stderr).toContain(swept);
    await folder.tq("push", "sweep");
    expect((await folder.tq("cron", "remove", "swept")).stderr).toContain(swept);
    const clean = await folder.tq("cron", "remove", "tq.clean");
    expect(clean.stderr).toContain("Cannot remove tq.clean: it is tq's own");
    expect((await folder.tq("cron", "history", "swept")).stdout).toBe("No slot has come yet\n");
    expect((await folder.tq("cron", "remove", "swpet")).stderr).toContain('did you mean "swept"?');
  });

  test("tq's own cleaning is paused before a worker has started, and stays so", async () => {
    await using folder = shop();
    const paused = await folder.tq("cron", "pause", "tq.clean");
    expect(paused.stdout).toStartWith("tq.clean is paused by ");
    expect((await folder.tq("cron", "resume", "swept")).stderr).toContain("swept is not paused");
    await folder.tq("worker", "--drain", "-q");
    expect((await listed(folder)).at(-1)).toMatchObject({ name: "tq.clean", origin: "tq" });
    expect((await listed(folder)).at(-1)?.["pause"]).not.toBeNull();
  });

  test("a worker takes up one that a command has put into the database, as its own", async () => {
    await using folder = shop();
    await folder.tq("cron", "run", "nightly");
    await folder.tq("worker", "--drain", "-q");
    expect(await listed(folder)).toMatchObject([
      {
        name: "nightly",
        origin: originOf(folder.file("models.ts"), HOST),
        in_database: true,
        outdated: false,
      },
      { name: "swept" },
      { name: "tq.clean" },
    ]);
  });
});

test("a method of records without their ids is refused, and shown where a file has it", async () => {
  await using folder = shop('[cron.mails]\nschedule = "@daily"\ntask = "night.send"\n');
  folder.write("models.ts", modelsWith("@daily").replace("static async run", "send() {} $&"));
  const why = "night.send is called on records; say their ids as instances";
  expect((await listed(folder))[0]).toMatchObject({ name: "mails", lacks_instances: true });
  const added = ["cron", "add", "more", "--schedule", "@daily", "--task", "night.send"];
  expect((await folder.tq(...added)).stderr).toContain(`Cannot add more: ${why}`);
  expect((await folder.tq(...added, "--instances", "7")).code).toBe(0);
  const edited = await folder.tq("cron", "edit", "more", "--instances", "[]");
  expect(edited.stderr).toContain(`Cannot edit more: ${why}`);
  expect((await folder.tq("cron", "run", "mails")).stderr).toContain(why);
  expect((await folder.tq("cron", "list")).stdout).toContain("no instances are said");
});

test("after models have changed, tq cron list says so until a worker has started", async () => {
  await using folder = shop();
  await folder.tq("worker", "--drain", "-q");
  expect((await listed(folder)).map(({ outdated }) => outdated)).toEqual([false, false, false]);
  folder.write("models.ts", modelsWith("0 5 * * *"));
  expect((await listed(folder)).map(({ outdated }) => outdated)).toEqual([true, false, false]);
  await folder.tq("worker", "--drain", "-q");
  expect((await listed(folder))[0]).toMatchObject({ schedule: "0 5 * * *", outdated: false });
});

test("models that cannot be loaded are noted, and those of tq.toml listed", async () => {
  await using folder = shop('[cron.other]\nschedule = "@daily"\ntask = "night.run"\n');
  folder.write("models.ts", "throw new Error('no such thing');");
  const { code, stdout, stderr } = await folder.tq("cron", "list");
  expect(code).toBe(0);
  expect(stdout).toContain("other");
  expect(stderr).toContain("Recurring tasks of models are those that a worker has taken up: ");
  expect(stderr).toContain("no such thing");
});
