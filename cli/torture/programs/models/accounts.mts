/** The models of a torture: money moves between accounts, by methods that behave badly at times. */
import { writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { currentTask, ModelSQL, v } from "tq";

/**
 * How a transfer behaves, once; after that it is good. `wait` sleeps in the middle, `heed` waits for its signal, `loop`
 * never ends, `jam` never ends and holds the write lock, `numb` is long inside a native call, `exit` and `reject` end
 * their thread.
 */
type Mood = "good" | "wait" | "heed" | "loop" | "jam" | "numb" | "exit" | "reject";

/** Long enough for another thread to run the task meanwhile. */
const WAIT_MS = 150;

/** Longer than the limit of its time, the grace after it, and the time that a worker then waits for the thread. */
const NUMB_MS = 8_000;

/** One entry for each transfer: a second one for the same task is a double. */
export class Ledger extends ModelSQL("torture.ledger", {
  task: v.number(),
  source: v.number(),
  target: v.number(),
  amount: v.number(),
}) {}

/** The balances of all accounts add up to 0. */
export class Account extends ModelSQL("torture.account", { balance: v.number() }) {
  async transfer(to: number, amount: number, mood: Mood = "good"): Promise<void> {
    const task = currentTask()?.id ?? 0;
    const bad = mood !== "good" && isFirst(task);
    if (bad && mood === "loop") endless(mood, task);
    if (bad && mood === "numb") numb(task);
    if (bad && mood === "heed") await heed(task);
    const [target] = await Account.browse([to]);
    if (!target) throw new Error(`There is no account ${to}`);
    if (bad && mood === "wait") await wait(task);
    this.balance -= amount;
    target.balance += amount;
    await Account.save([this, target]);
    await Ledger.create([{ task, source: this.id, target: to, amount }]);
    if (bad && mood === "jam") endless(mood, task);
    if (bad && mood === "exit") exit(task);
    if (bad && mood === "reject") await reject(task);
  }

  /** The same by a method that waits, and so runs in no batch. */
  async transferLater(to: number, amount: number, delay: number): Promise<void> {
    await Bun.sleep(delay);
    await this.transfer(to, amount);
  }
}

/** Names the transfers that one transaction of a producer pushed: all of them are there, or none. */
export class Order extends ModelSQL("torture.order", {
  name: v.string(),
  transfers: v.number(),
}) {}

/** True at the first call for this task. It leaves a mark outside the database, which stays when the run is undone. */
function isFirst(task: number): boolean {
  try {
    writeFileSync(join(import.meta.dirname, "../moods", `${task}`), "", { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}

function endless(mood: Mood, task: number): never {
  say(mood, task);
  for (;;);
}

function numb(task: number): void {
  say("numb", task);
  Bun.sleepSync(NUMB_MS);
}

/** Ends by itself, and as if all were well, once it is told to. */
async function heed(task: number): Promise<void> {
  const signal = currentTask()?.signal;
  const aborted = new Promise((resolve) => signal?.addEventListener("abort", resolve));
  say("heed", task);
  await aborted;
}

async function wait(task: number): Promise<void> {
  say("wait", task);
  await Bun.sleep(WAIT_MS);
}

function exit(task: number): never {
  say("exit", task);
  process.exit(7);
}

async function reject(task: number): Promise<void> {
  say("reject", task);
  void Promise.reject(new Error("An unhandled rejection"));
  await Bun.sleep(10_000); // the thread ends meanwhile, before the run can commit
}

/** Written at once: a thread in an endless loop writes nothing later. */
function say(mood: Mood, task: number): void {
  writeSync(1, `${mood} ${task} ${process.pid}\n`);
}
