/** Recurring tasks of the real binary: of tq.toml and of models, edited while it works, killed, and with two workers. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { renameSync } from "node:fs";
import { HOST, onSqlite } from "../support/tested-store.ts";
import { eventually } from "./support/eventually.ts";
import { Site } from "./support/site.ts";

setDefaultTimeout(40_000);

const MODELS = `
import { Model, type RecurringTasks, task } from "tq";

export class Night extends Model {
  static override readonly __name__ = "night";
  static readonly cron: RecurringTasks<typeof Night> = {
    nightly: { schedule: "every 1s", method: "run", args: [7], attempts: 3 },
  };
  static async run(_nights: Night[], _days: number) {}
}

export const tidy = task("tidy", { cron: { tidying: { schedule: "@yearly" } } }, async () => {});
`;

interface Row {
  readonly name: string;
  readonly origin: string;
  readonly kind: string;
  readonly definition: string;
  readonly decided_until: number;
  readonly removed_at: number | null;
}

function siteWith(toml: string | null, models = MODELS): Site {
  const site = new Site();
  site.write("models.ts", models);
  if (toml !== null) site.write("tq.toml", toml);
  return site;
}

function row(site: Site, name: string): Row | undefined {
  return site.all<Row>("SELECT * FROM tq_cron").find((one) => one.name === name);
}

/** A file as recurring tasks name it: also by its host, where the database has many. */
const place = (site: Site, file: string) => [HOST, site.file(file)].filter(Boolean).join(":");

/** The distinct arguments of the tasks so far. */
function args(site: Site): string[] {
  const rows = site.all<{ args: string }>("SELECT DISTINCT args FROM tq_tasks ORDER BY args");
  return rows.map((one) => one.args);
}

describe("a worker", () => {
  test("runs the recurring tasks of its models, without a line of tq.toml", async () => {
    await using site = siteWith(null);
    const worker = await site.worker();
    const pushed = await worker.says("cron.pushed", { cron: "nightly" });
    await site.becomes(Number(pushed.task), "finished");
    expect(args(site)).toEqual(["[7]"]);
    expect(row(site, "nightly")).toMatchObject({ origin: place(site, "models.ts"), kind: "model" });
    expect(row(site, "tidying")?.definition).toBe('{"schedule":"@yearly","task":"tidy"}');
    expect(row(site, "tq.clean")).toMatchObject({ origin: "tq", kind: "tq" });
  });

  onSqlite("test/worker/cron-sources.test.ts has it there, without the waits").test(
    "follows tq.toml while it works: edited, wrong, right again, and without the section",
    async () => {
      await using site = siteWith("[cron.nightly]\nargs = [8]\n");
      const worker = await site.worker();
      await worker.says("cron.pushed", { cron: "nightly" });
      site.write("tq.toml.new", "[cron.nightly]\nargs = [9]\n");
      renameSync(site.file("tq.toml.new"), site.file("tq.toml"));
      await eventually("the new arguments are pushed", () => args(site).includes("[9]"));
      site.write("tq.toml", "[cron.nightly]\nargs = 9\n");
      await worker.says("log.note", {
        message: `Recurring tasks stay as they were: ${site.file("tq.toml")}: [cron.nightly] args cannot be a number: it must be a list`,
      });
      const before = row(site, "nightly");
      expect(before?.removed_at).toBeNull();
      site.write("tq.toml", '[cron.other]\nschedule = "@yearly"\ntask = "night.runn"\n');
      await eventually("the model's are pushed again", () => args(site).includes("[7]"));
      const unknown = `${site.file("tq.toml")}: [cron.other]: there is no night.runn in the models; did you mean "night.run"?`;
      expect(worker.find("log.note", { message: unknown })).toBeDefined();
      site.write("tq.toml", "[worker]\n");
      await worker.says("log.note", {
        message: `recurring task other stops: ${place(site, "tq.toml")} does not have it any more`,
      });
      expect(row(site, "other")?.removed_at).toBeNumber();
    },
  );

  test("that is killed and started again moves no schedule", async () => {
    await using site = siteWith('[cron.yearly]\nschedule = "@yearly"\ntask = "tidy"\n');
    const worker = await site.worker();
    await eventually("it is defined", () => site.isMade && row(site, "yearly"));
    const before = row(site, "yearly");
    worker.kill("SIGKILL");
    await worker.exited;
    const again = await site.worker();
    await again.says("cron.pushed", { cron: "nightly" });
    expect(row(site, "yearly")).toEqual(before as Row);
  });

  test("warns at its start of a section that neither it nor a model completes", async () => {
    await using site = siteWith('[cron.nightlie]\nschedule = "@daily"\n');
    const worker = await site.worker();
    await worker.says("log.note", {
      message: `${site.file("tq.toml")}: [cron.nightlie] task is missing: it must be the name of a model and a method, like "night.run", or of a function, as text of 1 to 1000 characters; no model here has a recurring task nightlie; did you mean "nightly"?`,
    });
  });

  test("refuses models with a wrong one, and says the file and the place", async () => {
    await using site = siteWith(null, MODELS.replace("every 1s", "every 1y"));
    const { code, stderr } = await site.run("worker");
    expect(code).not.toBe(0);
    // The log is JSON.
    expect(stderr).toContain('night.cron.nightly.schedule: \\"1y\\" is not a length of time');
    expect(stderr).toContain(`(at ${site.file("models.ts")}:`);
  });
});

test("of two workers with one name in two files the first keeps it, and the other says so", async () => {
  const section = (days: number) =>
    `[cron.nightly]\nschedule = "every 1s"\ntask = "night.run"\nargs = [${days}]\n`;
  await using site = siteWith(section(1));
  site.write("b/tq.toml", `${section(2)}[database]\npath = "../tq.db"\n`);
  const first = await site.worker();
  await first.says("cron.pushed", { cron: "nightly" });
  const second = await site.worker(["-n", "1", "-c", "b/tq.toml", "--models", "models.ts"]);
  await second.says("log.note", {
    message: `recurring task nightly of ${place(site, "b/tq.toml")} is not in force: another worker has one of that name from ${place(site, "tq.toml")}; rename one`,
  });
  const pushed = site.one<{ last: number }>("SELECT max(id) AS last FROM tq_tasks").last;
  await eventually("three more are pushed", () => {
    return site.one<{ last: number }>("SELECT max(id) AS last FROM tq_tasks").last >= pushed + 3;
  });
  expect(args(site)).toEqual(["[1]"]);
  const slots = "SELECT count(*) AS all_, count(DISTINCT slot) AS slots FROM tq_cron_slots";
  const { all_, slots: distinct } = site.one<{ all_: number; slots: number }>(slots);
  expect(all_).toBe(distinct);
});
