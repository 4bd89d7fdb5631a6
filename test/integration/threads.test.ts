import { expect, setDefaultTimeout, test } from "bun:test";
import { SOON_MS, eventually } from "./support/eventually.ts";
import { siteWithModels } from "./support/models.ts";

setDefaultTimeout(60_000);

/** Enough that the threads of a worker have learnt who leads. */
const MANY = 8_000;
const FEW = 200;

test("a slow task among thousands of quick ones leaves these to the other threads", async () => {
  await using site = siteWithModels();
  await site.worker(["-n", "3"], { env: { TQ_LOG__LEVEL: "info" } });
  const method = `CASE WHEN n IN (${MANY}, ${MANY + 1}) THEN 'linger' ELSE 'add' END`;
  site.pushKeys(1, MANY + FEW, method);
  const left = (method: string) =>
    site.one<{ n: number }>(
      `SELECT count(*) AS n FROM tq_tasks WHERE method = '${method}' AND state <> 'finished'`,
    ).n;
  const running = "SELECT id FROM tq_tasks WHERE method = 'linger' AND state = 'running'";
  await eventually("the slow ones run", () => site.all(running).length === 2, 30_000);
  const began = performance.now();
  await eventually("all others are done meanwhile", () => left("add") === 0);
  expect(performance.now() - began).toBeLessThan(SOON_MS);
  expect(left("linger")).toBe(2);
  site.write("go", "");
  await eventually("the slow ones too", () => left("linger") === 0);
  expect([...site.effects().values()].every((times) => times === 1)).toBe(true);
});
