/**
 * Pushes orders of transfers, one in each transaction, until its standard input ends. Says `- ORDER` in the middle of
 * one transaction in ten, and `+ ORDER TRANSFERS` when one is acknowledged.
 */
import { writeSync } from "node:fs";
import { pushMany, type PushOptions, TqError, Transaction } from "tq";
import { chance, whole } from "./chance.mts";
import { Order } from "./models/accounts.mts";
import { errand } from "./plans.mts";

const [, , name, accounts, cut] = process.argv;

/** Refusals after which it goes on: what it pushed may be there where its connection was cut, and is not acknowledged. */
const PASSING = new Set(cut === undefined ? ["full"] : ["full", "busy", "uncertain"]);
let stopping = false;

void untilEnd().then(() => (stopping = true));

for (let number = 1; !stopping; number++) {
  await pushUnlessRefused(`${name}.${number}`);
  await Bun.sleep(whole(0, 60));
}
process.exit(0);

async function untilEnd(): Promise<void> {
  for await (const _ of Bun.stdin.stream());
}

/** A refusal is one of the whole transaction. A full queue: the workers need time. */
async function pushUnlessRefused(order: string): Promise<void> {
  try {
    await push(order);
  } catch (error) {
    if (!(error instanceof TqError) || !PASSING.has(error.code)) throw error;
  }
}

async function push(order: string): Promise<void> {
  const transfers = chance(0.9) ? whole(1, 5) : whole(10, 100);
  const orderFirst = chance(0.5);
  const waits = chance(0.1);
  const bySql = chance(0.1);
  await Transaction.start({}, async () => {
    if (orderFirst) await Order.create([{ name: order, transfers }]);
    const calls = Array.from({ length: transfers }, (_, index) => transfer(`${order}/${index}`));
    if (bySql) for (const call of calls) await pushBySql(call);
    else await pushMany(calls);
    if (waits) {
      writeSync(1, `- ${order}\n`);
      await Bun.sleep(whole(1, 10));
    }
    if (!orderFirst) await Order.create([{ name: order, transfers }]);
  });
  writeSync(1, `+ ${order} ${transfers}\n`);
}

function transfer(ref: string): PushOptions {
  const count = Number(accounts);
  const from = whole(1, count);
  const to = ((from + whole(0, count - 2)) % count) + 1;
  if (chance(0.3)) return errand(from, to, ref);
  const call = { model: "torture.account", instances: from, ref };
  const amount = whole(1, 100);
  if (chance(0.9)) return { ...call, method: "transfer", args: [to, amount] };
  return { ...call, method: "transferLater", args: [to, amount, whole(0, 3)] };
}

/** By the view, as other programs push. */
async function pushBySql(call: PushOptions): Promise<void> {
  const { model, method = null, attempts = null, priority = 0, args, ref, backoff, timeout } = call;
  const instances = method === null ? null : Number(call.instances);
  await Transaction.current.sql`
    INSERT INTO tq_push (model, method, instances, args, ref, priority, attempts, backoff, timeout, scheduled_at, expires_at)
    VALUES (${model}, ${method}, ${instances}, ${JSON.stringify(args)}, ${asText(ref)}, ${priority}, ${attempts},
            ${asText(backoff)}, ${asText(timeout)}, ${fromNow(call.scheduledAt)}, ${fromNow(call.expiresAt)})`;
}

function asText(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A length of time in ms, such as "30ms", as SQLite adds it. */
function fromNow(length: unknown): string | null {
  return typeof length === "string" ? `+${Number.parseInt(length) / 1_000} seconds` : null;
}
