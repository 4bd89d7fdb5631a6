/** Moves of all tasks of a filter, on a terminal and elsewhere; `tq delete` and `tq move`. */
import { expect, test } from "bun:test";
import { newTask } from "../support/store.ts";
import { Folder } from "./tq.ts";

const WORKER = { TQ_QUEUE__WORKER: "1" };

async function folderWith(...queues: string[]): Promise<Folder> {
  const folder = new Folder();
  const store = folder.store();
  await store.push(queues.map((queue, n) => newTask({ queue, args: `[{"order":${n + 1}}]` })));
  await store.close();
  return folder;
}

async function states(folder: Folder): Promise<string> {
  const { stdout } = await folder.tq("list", "--json");
  const tasks = JSON.parse(stdout) as { id: number; state: string; queue: string }[];
  return tasks
    .map(({ id, state, queue }) => `${id} ${state} ${queue}`)
    .toReversed()
    .join(", ");
}

test("a terminal shows the count and asks, and only y moves the tasks; --yes asks nothing", async () => {
  await using folder = await folderWith("a", "a", "b");
  const filter = ["--state", "ready", "--queue", "a"];
  const refused = await folder.inTerminal({ columns: 100, keys: "n\n" }, "cancel", ...filter);
  expect(refused.text).toContain("tq: Cancel 2 tasks, ids 1 to 2? Type y to go on");
  expect(refused.text).toContain("0 tasks cancelled");
  expect(await states(folder)).toBe("1 ready a, 2 ready a, 3 ready b");
  const agreed = await folder.inTerminal({ columns: 100, keys: "y\n" }, "cancel", ...filter);
  expect(agreed.text).toContain("2 tasks cancelled");
  expect(await states(folder)).toBe("1 cancelled a, 2 cancelled a, 3 ready b");
  const none = await folder.inTerminal({ columns: 100 }, "cancel", ...filter);
  expect(none.text.trim()).toBe("0 tasks cancelled");
  const unasked = await folder.inTerminal(
    { columns: 100, env: WORKER },
    "delete",
    "--state",
    "cancelled",
    "args.order=2",
    "--yes",
  );
  expect(unasked.text.trim()).toBe("1 task deleted");
  expect(await states(folder)).toBe("1 cancelled a, 3 ready b");
});

test("with --json the question is JSON as well, and in --quiet it is asked; yes and Y are consent", async () => {
  await using folder = await folderWith("a", "a");
  const asks = async (keys: string, ...flags: string[]) => {
    const filter = ["cancel", "--state", "ready", ...flags];
    return (await folder.inTerminal({ columns: 100, keys }, ...filter)).text;
  };
  const json = await asks("no\n", "--json");
  expect(json).toContain('{"note":"Cancel 2 tasks, ids 1 to 2? Type y to go on"}');
  expect(json).not.toContain("tq: ");
  expect(await asks("Y\n", "--quiet", "--before", "2")).toContain("Cancel task 1? Type y to go on");
  await asks(" yes \n");
  expect(await states(folder)).toBe("1 cancelled a, 2 cancelled a");
});

test("a dry run counts and lists the newest, and touches nothing", async () => {
  await using folder = await folderWith(...Array.from({ length: 12 }, () => "a"));
  const args = ["cancel", "--state", "ready", "--pushed-after", "1d", "--dry-run"];
  const { code, stdout } = await folder.tq(...args);
  expect(code).toBe(0);
  const lines = stdout.trim().split("\n");
  expect(lines[0]).toBe("12 tasks would be cancelled, the newest 10:");
  expect(lines).toHaveLength(12);
  const json = JSON.parse((await folder.tq(...args, "--json")).stdout) as { tasks: unknown[] };
  expect(json).toMatchObject({ dry_run: true, count: 12 });
  expect(json.tasks).toHaveLength(10);
  expect((await folder.tq("cancel", "--state", "ready", "--queue", "b", "--dry-run")).stdout).toBe(
    "0 tasks would be cancelled\n",
  );
  expect((await folder.tq("cancel", "1", "--dry-run")).stderr).toBe(
    "tq: Cannot cancel: --dry-run is for filters, such as --state\n",
  );
  expect((await states(folder)).match(/ready/g)).toHaveLength(12);
});

test("tq delete deletes ended tasks by id, by ref and by filter, and no others", async () => {
  await using folder = await folderWith("a", "a", "b");
  expect(await folder.tq("delete", "1")).toEqual({
    code: 4,
    stdout: "",
    stderr: "tq: Cannot delete task 1: it is ready; cancel it first\n",
  });
  expect((await folder.tq("delete", "--state", "ready")).stderr).toBe(
    'tq: --state cannot be "ready": it must be one of finished, failed, cancelled; cancel the others first\n',
  );
  expect((await folder.tq("delete", "--queue", "a")).stderr).toContain(
    "Cannot delete: give the ids of tasks, --ref for one, or --state for all in a state",
  );
  await folder.tq("cancel", "1", "2", "3");
  expect((await folder.tq("delete", "1")).stdout).toBe("1 deleted\n");
  expect((await folder.tq("delete", "1")).code).toBe(3);
  expect((await folder.tq("delete", "--state", "cancelled", "--queue", "b")).stdout).toBe(
    "1 task deleted\n",
  );
  expect(await states(folder)).toBe("2 cancelled a");
});

test("tq move puts waiting tasks into another queue or another place, by id and by filter", async () => {
  await using folder = await folderWith("a", "a", "b");
  expect((await folder.tq("move", "1", "3", "--to", "slow")).stdout).toBe(
    "1 moved: queue slow, priority 0\n3 moved: queue slow, priority 0\n",
  );
  const moved = await folder.tq(
    "move",
    "--queue",
    "slow",
    "--to",
    "a",
    "--priority",
    "-5",
    "--json",
  );
  expect(JSON.parse(moved.stdout)).toEqual({ moved: 2 });
  expect(await states(folder)).toBe("1 ready a, 2 ready a, 3 ready a");
  const shown = JSON.parse((await folder.tq("show", "3", "--json")).stdout) as object;
  expect(shown).toMatchObject({ queue: "a", priority: -5, args: [{ order: 3 }] });
  await folder.tq("cancel", "2");
  const store = folder.store();
  await store.push([newTask({ scheduledAt: Date.now() + 3_600_000, ref: "later" })]);
  await store.close();
  const now = await folder.tq("move", "--ref", "later", "--now");
  expect(now.stdout).toMatch(/^\d+ moved: queue default, priority 0, ready\n$/);
  expect((await folder.tq("move", "2", "--to", "b")).stderr).toBe(
    "tq: Cannot move task 2: it is cancelled; retry it first\n",
  );
  expect((await folder.tq("move", "--queue", "a", "--to", "b")).stdout).toBe("2 tasks moved\n");
});

test.each([
  [["1"], "Cannot move: say where to, with --to QUEUE, --priority N or --now"],
  [
    ["--to", "b"],
    "Cannot move: give the ids of tasks, --ref for one, or --state for all in a state",
  ],
  [["1", "--to", "b", "--state", "ready"], "Cannot move: give ids or --ref, or a filter"],
  [["1", "--priority", "high"], '--priority cannot be "high": it must be a whole number'],
  [
    ["--state", "running", "--to", "b"],
    '--state cannot be "running": it must be one of scheduled, ready; a task is moved while it waits',
  ],
  [["1", "args.order=1", "--to", "b"], "Cannot move: give ids or --ref, or a filter"],
])("tq move is refused with a sentence, and moves nothing: %#", async (args, sentence) => {
  await using folder = await folderWith("a");
  const { code, stderr } = await folder.tq("move", ...args);
  expect(code).toBe(2);
  expect(stderr).toContain(sentence);
  expect(await states(folder)).toBe("1 ready a");
});
