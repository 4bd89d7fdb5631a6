/**
 * Pushes orders of transfers, one in each transaction, until its standard input ends. Says `- ORDER` in the middle of
 * one transaction in ten, and `+ ORDER TRANSFERS` when one is acknowledged.
 */
import { writeSync } from "node:fs";
import { pushMany, TqError, Transaction } from "tq";
import { Order } from "./models.mts";

const [, , name, accounts] = process.argv;
let stopping = false;

void untilEnd().then(() => (stopping = true));

for (let number = 1; !stopping; number++) {
  await pushUnlessFull(`${name}.${number}`);
  await Bun.sleep(whole(0, 60));
}
process.exit(0);

async function untilEnd(): Promise<void> {
  for await (const _ of Bun.stdin.stream());
}

/** A full queue refuses the whole transaction: the workers need time. */
async function pushUnlessFull(order: string): Promise<void> {
  try {
    await push(order);
  } catch (error) {
    if (!(error instanceof TqError) || error.code !== "full") throw error;
  }
}

async function push(order: string): Promise<void> {
  const transfers = chance(0.9) ? whole(1, 5) : whole(10, 100);
  const orderFirst = chance(0.5);
  const waits = chance(0.1);
  await Transaction.start({}, async () => {
    if (orderFirst) await Order.create([{ name: order, transfers }]);
    await pushMany(Array.from({ length: transfers }, (_, index) => transfer(`${order}/${index}`)));
    if (waits) {
      writeSync(1, `- ${order}\n`);
      await Bun.sleep(whole(1, 10));
    }
    if (!orderFirst) await Order.create([{ name: order, transfers }]);
  });
  writeSync(1, `+ ${order} ${transfers}\n`);
}

function transfer(ref: string) {
  const count = Number(accounts);
  const from = whole(1, count);
  const to = ((from + whole(0, count - 2)) % count) + 1;
  const call = { model: "torture.account", instances: from, ref };
  const amount = whole(1, 100);
  if (chance(0.9)) return { ...call, method: "transfer", args: [to, amount] };
  return { ...call, method: "transferLater", args: [to, amount, whole(0, 3)] };
}

/** A whole number; both ends are possible. */
function whole(from: number, to: number): number {
  return from + Math.floor(Math.random() * (to - from + 1));
}

function chance(probability: number): boolean {
  return Math.random() < probability;
}
