import { describe, expect, test } from "bun:test";
import { claim, newTask } from "../support/store.ts";
import { Folder } from "./tq.ts";

async function folderWith(tasks: number): Promise<Folder> {
  const folder = new Folder();
  const store = folder.store();
  await store.push(Array.from({ length: tasks }, () => newTask()));
  await store.close();
  return folder;
}

describe("tq cancel and tq retry", () => {
  test("move each task and print its new state", async () => {
    await using folder = await folderWith(2);
    expect(await folder.tq("cancel", "1,2", "1")).toEqual({
      code: 0,
      stdout: "1 cancelled\n2 cancelled\n",
      stderr: "",
    });
    const { stdout } = await folder.tq("retry", "2", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ id: 2, state: "ready" });
    const both = await folder.tq("cancel", "2", "3", "--json");
    expect(JSON.parse(both.stdout)).toMatchObject([{ id: 2, state: "cancelled" }]);
    expect(both.code).toBe(3);
  });

  test("find the task of a ref, as tq show and tq logs do", async () => {
    await using folder = new Folder();
    const store = folder.store();
    await store.push([newTask(), newTask({ ref: "order-7" })]);
    await store.close();
    const answer = { code: 0, stderr: "" };
    expect(await folder.tq("cancel", "--ref", "order-7")).toEqual({
      ...answer,
      stdout: "2 cancelled\n",
    });
    const { stdout } = await folder.tq("retry", "--ref", "order-7", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ id: 2, state: "ready" });
    expect((await folder.tq("logs", "--ref", "order-7")).stderr).toBe(
      "tq: Task 2 has said nothing\n",
    );
    expect(await folder.tq("retry", "--ref", "order-8")).toMatchObject({
      code: 3,
      stderr:
        'tq: Cannot retry the task with the ref "order-8": there is no such task; it may have been cleaned\n',
    });
    expect(await folder.tq("cancel", "1,x")).toMatchObject({
      code: 2,
      stderr: 'tq: ID cannot be "x": it must be a whole number from 1\n',
    });
    expect(await folder.tq("show", "1,2")).toMatchObject({
      code: 2,
      stderr: "tq: Cannot show: give one id, not 1,2\n",
    });
    expect(await folder.tq("cancel", "1", "--ref", "order-7")).toMatchObject({
      code: 2,
      stderr: "tq: Cannot cancel: give an id or --ref, not both\n",
    });
  });

  test("move what they can, say what they cannot, and exit with the first refusal", async () => {
    await using folder = await folderWith(1);
    const { code, stdout, stderr } = await folder.tq("retry", "1", "9");
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toContain("Cannot retry task 1: it is ready");
    expect(stderr).toContain("Cannot retry task 9: there is no such task");
    const mixed = await folder.tq("cancel", "9", "1");
    expect(mixed).toMatchObject({ code: 3, stdout: "1 cancelled\n" });
  });

  test("move nothing when one of the ids is none", async () => {
    await using folder = await folderWith(1);
    const { code, stderr } = await folder.tq("cancel", "1", "two");
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'tq: ID cannot be "two": it must be a whole number from 1\n',
    });
    expect((await folder.tq("list")).stdout).toContain("ready");
  });
});

describe("tq cancel and tq retry by state", () => {
  test("move all that match and say how many", async () => {
    await using folder = await folderWith(3);
    expect(await folder.tq("cancel", "--state", "ready,scheduled")).toEqual({
      code: 0,
      stdout: "3 tasks cancelled\n",
      stderr: "",
    });
    const none = await folder.tq("retry", "--state", "cancelled", "--queue", "other", "--json");
    expect(JSON.parse(none.stdout)).toEqual({ retried: 0 });
    const { stdout } = await folder.tq("retry", "--state", "cancelled", "--queue", "default");
    expect(stdout).toBe("3 tasks retried\n");
    const ready = await folder.tq("list", "--state", "ready", "--json");
    expect(JSON.parse(ready.stdout)).toHaveLength(3);
  });

  test("retry what a run has put off, and leave what waits for its first run", async () => {
    await using folder = new Folder();
    const store = folder.store();
    const error = { name: "Error", message: "no", stack: null };
    await store.push([newTask(), newTask()]);
    const [first, second] = await claim(store, { limit: 2 });
    if (!first || !second) throw new Error("both are claimed");
    await store.write((session) => session.settle(first, { kind: "retry", delay: 9e6, error }));
    await store.write((session) =>
      session.settle(second, { kind: "snoozed", delay: 9e6, reason: null }),
    );
    await store.push([newTask({ scheduledAt: Date.parse("2999-01-01") })]);
    await store.close();
    const dry = await folder.tq("retry", "--state", "scheduled", "--dry-run");
    expect(dry.stdout).toStartWith("2 tasks would be retried:\n");
    expect(dry.stdout.trim().split("\n")).toHaveLength(4);
    const env = { TQ_QUEUE__WORKER: "1" };
    const retried = await folder.tqWith({ env }, "retry", "--state", "scheduled,failed");
    const { stdout, stderr } = retried;
    expect({ stdout, stderr }).toEqual({ stdout: "2 tasks retried\n", stderr: "" });
    const list = JSON.parse((await folder.tq("list", "--json")).stdout) as { state: string }[];
    expect(list.map(({ state }) => state)).toEqual(["scheduled", "ready", "ready"]);
  });

  test("move nothing unless it is said which, in one way", async () => {
    await using folder = await folderWith(1);
    const refused = async (...args: string[]) => {
      const { code, stdout, stderr } = await folder.tq(...args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      return stderr;
    };
    const which =
      "give the ids of tasks, --ref for one, or --state for all in a state: finished, failed, cancelled, scheduled";
    expect(await refused("retry")).toBe(`tq: Cannot retry: ${which}\n`);
    expect(await refused("retry", "--queue", "default")).toBe(`tq: Cannot retry: ${which}\n`);
    expect(await refused("cancel", "1", "--queue", "default")).toBe(
      "tq: Cannot cancel: give ids or --ref, or a filter like --state, --queue or args.order=4711; not both\n",
    );
    expect(await refused("cancel", "--state", "failed")).toContain(
      '--state cannot be "failed": it must be one of scheduled, ready, running',
    );
    expect((await folder.tq("list")).stdout).toContain("ready");
  });
});

test("tq retry says where no worker runs tasks, and no more than it must", async () => {
  await using folder = await folderWith(2);
  await folder.tq("cancel", "1", "2");
  const hint =
    "tq: queue.worker is false: each program runs only the tasks that it pushed; tq worker --drain runs all ready ones\n";
  expect((await folder.tq("retry", "1")).stderr).toBe(hint);
  expect((await folder.tq("retry", "--state", "cancelled")).stderr).toBe(hint);
  expect((await folder.tq("retry", "--state", "cancelled")).stderr).toBe("");
  await folder.tq("cancel", "1");
  const env = { TQ_QUEUE__WORKER: "1" };
  expect((await folder.tqWith({ env }, "retry", "1")).stderr).toBe("");
});

test("refusals are all JSON where the answer is", async () => {
  await using folder = await folderWith(1);
  const { code, stderr } = await folder.tq("cancel", "8", "9", "--json");
  const codes = stderr
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { error: { code: string } }).error.code);
  expect({ code, codes }).toEqual({ code: 3, codes: ["not_found", "not_found"] });
});

describe("tq clean", () => {
  test("deletes what is older than it is told and says how many", async () => {
    await using folder = await folderWith(2);
    await folder.tq("cancel", "1");
    expect((await folder.tq("clean")).stdout).toBe("0 tasks deleted\n");
    const { stdout } = await folder.tq("clean", "--days", "0", "--json");
    expect(JSON.parse(stdout)).toEqual({ deleted: 1 });
    expect((await folder.tq("show", "1")).code).toBe(3);
    expect((await folder.tq("show", "2")).code).toBe(0);
  });

  test.each([
    ["\n", 0],
    ["no\n", 0],
    ["\u0004", 0], // Ctrl-D
    ["y\n", 2],
    ["Yes\n", 2],
  ])("asks on a terminal, with the count, before --days deletes: %j", async (keys, deleted) => {
    await using folder = await folderWith(3);
    await folder.tq("cancel", "1", "2");
    const { code, text } = await folder.inTerminal({ columns: 80, keys }, "clean", "--days", "0");
    expect(code).toBe(0);
    expect(text).toContain("tq: Delete 2 tasks, all that have ended? Type y to go on\n");
    expect(text).toEndWith(`${deleted} tasks deleted\n`);
  });

  test("does not ask with --yes, where nothing is to be deleted, or for what the settings say", async () => {
    await using folder = await folderWith(2);
    const clean = async (...args: string[]) =>
      (await folder.inTerminal({ columns: 80 }, "clean", ...args)).text;
    expect(await clean("--days", "0")).toBe("0 tasks deleted\n");
    await folder.tq("cancel", "1");
    expect(await clean()).toBe("0 tasks deleted\n");
    expect(await clean("--days", "0", "--yes")).toBe("1 task deleted\n");
  });
});

describe("tq config", () => {
  test("says of each setting its value and where it came from", async () => {
    await using folder = new Folder();
    folder.write("tq.toml", "[queue]\nclean_days = 7\n");
    const env = { TQ_ERROR__CLEAN_DAYS: "8" };
    const { stdout } = await folder.tqWith({ env }, "config", "--json", "-vd", "other.db");
    const settings = JSON.parse(stdout) as { key: string; value: unknown; origin: string }[];
    const said = Object.fromEntries(
      settings.map(({ key, value, origin }) => [key, [value, origin]]),
    );
    expect(said).toMatchObject({
      "queue.clean_days": [7, "tq.toml"],
      "error.clean_days": [8, "TQ_ERROR__CLEAN_DAYS"],
      "database.path": [folder.file("other.db"), "--database"],
      "database.timeout": [5000, "default"],
      "log.level": ["debug", "--verbose"],
    });
    expect(Object.keys(settings[0] ?? {})).toEqual([
      "key",
      "value",
      "origin",
      "env",
      "description",
    ]);
    const text = await folder.tq("config");
    expect(text.stdout).toMatch(/^queue\.clean_days +7 +\S+tq\.toml$/m);
    expect(text.stdout).toMatch(/^database\.timeout +5 s +default$/m);
  });

  test("lists the rules for tasks, the strongest last", async () => {
    await using folder = new Folder();
    folder.write(
      "tq.toml",
      '[tasks."sale.*"]\ntimeout = "30s"\nretry_on = ["ECONNRESET"]\n[tasks."*"]\nbackoff = ["10s", "1m"]\ntimeout = "none"\n',
    );
    const settings = JSON.parse((await folder.tq("config", "--json")).stdout) as object[];
    expect(settings.slice(-4)).toMatchObject([
      { key: 'tasks."*".backoff', value: ["10000ms", "60000ms"], origin: "tq.toml", env: null },
      { key: 'tasks."*".timeout', value: "none" },
      { key: 'tasks."sale.*".retry_on', value: ["ECONNRESET"] },
      { key: 'tasks."sale.*".timeout', value: "30000ms" },
    ]);
    const { stdout } = await folder.tq("config");
    expect(stdout).toMatch(/^tasks\."\*"\.backoff +10 s, 1 min +\S+tq\.toml$/m);
    expect(stdout).toMatch(/^tasks\."sale\.\*"\.retry_on +ECONNRESET +\S+tq\.toml$/m);
  });

  test("shows paths whole in a narrow terminal", async () => {
    await using folder = new Folder();
    folder.write("tq.toml", "[queue]\nclean_days = 7\n");
    const { text } = await folder.inTerminal({ columns: 40 }, "config");
    expect(text).toContain(folder.database.place);
    expect(text).toContain(folder.file("tq.toml"));
  });

  test("refuses wrong settings in a sentence", async () => {
    await using folder = new Folder();
    folder.write("tq.toml", "[queue]\nworkr = true\n");
    const { code, stderr } = await folder.tq("config");
    expect(code).toBe(2);
    expect(stderr).toStartWith("tq: ");
    expect(stderr).toContain('did you mean "worker"?');
    expect((await folder.tq("-c", "none.toml", "config")).code).toBe(2);
    expect((await folder.tq("-vq", "config")).stderr).toBe(
      "tq: Cannot use --verbose and --quiet together: leave one out\n",
    );
  });
});

describe("help and version", () => {
  test("are on standard output, with exit status 0", async () => {
    await using folder = new Folder();
    const [help, bare, command, version, json] = await Promise.all([
      folder.tq("--help"),
      folder.tq(),
      folder.tq("help", "worker"),
      folder.tq("--version"),
      folder.tq("version", "--json"),
    ]);
    expect(help).toEqual({ code: 0, stdout: expect.stringContaining("Look at tasks"), stderr: "" });
    expect(bare.stdout).toBe(help.stdout);
    expect(command.stdout).toContain("-n, --threads N");
    expect(command.stdout).toContain("--drain[=all]");
    for (const line of `${help.stdout}${command.stdout}`.split("\n")) {
      expect(line.length).toBeLessThanOrEqual(100);
    }
    expect(version.stdout).toMatch(/^tq \d+\.\d+\.\d+(?:\+\S+)? \(schema \d+, Bun [\d.]+\)\n$/);
    const keys = ["tq", "schema", "postgres_schema", "bun"];
    expect(Object.keys(JSON.parse(json.stdout) as object)).toEqual(keys);
  });
});
