/** A task that waits for a row that another program has locked is not said to keep others waiting. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { needs } from "../support/needs.ts";
import { makeShop } from "./shop.ts";

setDefaultTimeout(60_000);

const LEDGER = `
import { Model, Transaction } from "tq";
export class Ledger extends Model {
  static override readonly __name__ = "ledger";
  async add() { await Transaction.current.sql\`UPDATE account SET balance = balance + 1\`; }
  async keep() {
    await Transaction.current.sql\`UPDATE account SET balance = balance + 1\`;
    await Bun.sleep(1_500);
  }
}
`;

needs("postgres").describe("a task that keeps a transaction open for long", () => {
  test("is said to wait where psql has locked its row, and who has it", async () => {
    await using shop = await makeShop();
    await shop.database.run("CREATE TABLE account AS SELECT 1 AS balance");
    shop.site.write("models.ts", LEDGER);
    const worker = await shop.worker();
    const psql = new Bun.SQL(shop.database.url, {
      max: 1,
      connection: { application_name: "psql" },
    });
    await psql.unsafe("BEGIN; UPDATE account SET balance = 7").simple();
    const [{ pid } = { pid: 0 }] = await psql`SELECT pg_backend_pid() AS pid`;
    const id = Number(await shop.run("push", "ledger", "add", "1"));
    const { message } = await worker.says("log.note", { level: "warn" });
    expect(message).toStartWith(
      `task ${id} waits for a row that pid ${pid} of the server ("psql", role tq) has locked for `,
    );
    expect(message).toEndWith(`; tq why ${id} says how to end that`);
    await psql.unsafe("COMMIT").simple();
    await psql.close();
    await worker.says("task.finished", { task: id });
    expect(worker.count("lock.held")).toBe(0);
  });

  test("is named where it is the one that keeps others waiting", async () => {
    await using shop = await makeShop();
    await shop.database.run("CREATE TABLE account AS SELECT 1 AS balance");
    shop.site.write("models.ts", LEDGER);
    const worker = await shop.worker();
    const id = Number(await shop.run("push", "ledger", "keep", "1"));
    await worker.says("lock.held", { task: id, kept: "rows" });
    await worker.says("task.finished", { task: id });
  });
});
