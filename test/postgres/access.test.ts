/** Rights, logins and connections that a worker's role loses while it runs: the worker waits until it has them again. */
import { expect, setDefaultTimeout, test } from "bun:test";
import type { Running } from "../integration/support/running.ts";
import { eventually } from "../integration/support/eventually.ts";
import { needs } from "../support/needs.ts";
import { makeShop, type Shop } from "./shop.ts";

setDefaultTimeout(60_000);

/** A role of its own with a worker, which it has rights for. */
async function withClerk(shop: Shop) {
  const role = `waiting_${process.pid}`;
  const run = (statement: string) => shop.database.run(statement);
  await run(`CREATE ROLE ${role} LOGIN`);
  await run(`GRANT USAGE, CREATE ON SCHEMA tq, public TO ${role}`);
  const grant = `GRANT ALL ON ALL TABLES IN SCHEMA tq TO ${role}`;
  await run(grant);
  await run(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA tq TO ${role}`);
  await run(`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tq TO ${role}`);
  const env = { TQ_DATABASE: shop.database.url.replace("://tq@", `://${role}@`) };
  return {
    env,
    role,
    run,
    grant,
    worker: await shop.site.worker(["-n", "1"], { env }),
    async [Symbol.asyncDispose]() {
      await shop.site[Symbol.asyncDispose]();
      await run(`DROP OWNED BY ${role}`);
      await run(`DROP ROLE ${role}`);
    },
  };
}

async function cut(shop: Shop, worker: Running): Promise<void> {
  for (const pid of await shop.backends(worker)) {
    await shop.database.run(`SELECT pg_terminate_backend(${pid})`);
  }
}

needs("postgres").describe("a worker on PostgreSQL whose connections were lost", () => {
  test.each([
    ["the right to its tables", "REVOKE ALL ON ALL TABLES IN SCHEMA tq FROM ", "permission denied"],
    ["its login", "ALTER ROLE $ NOLOGIN", "refuses the user or its password"],
    ["its connections", "ALTER ROLE $ CONNECTION LIMIT 0", "too many connections for role"],
  ])("goes on once its role has %s again", async (_what, loses, words) => {
    await using shop = await makeShop();
    await using clerk = await withClerk(shop);
    const { run, role, worker, grant } = clerk;
    await run(loses.includes("$") ? loses.replace("$", role) : loses + role);
    await cut(shop, worker);
    await eventually("it says why it cannot connect", () =>
      worker.log.some(
        ({ message }) => message.includes("This worker goes on") && message.includes(words),
      ),
    );
    const id = await shop.push("add", 7);
    expect((await shop.tried(["list"], clerk.env)).stderr).toContain(words);
    await run(grant);
    await run(`ALTER ROLE ${role} LOGIN CONNECTION LIMIT -1`);
    await worker.says("task.finished", { task: id });
    expect(await shop.effectsOf(7)).toBe(1);
  });
});
