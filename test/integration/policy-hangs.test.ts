/** A function of a policy that never returns: the error of the method is in the history all the same. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Site } from "./support/site.ts";

setDefaultTimeout(30_000);

const hang = "() => { for (;;); }";

const MODELS = `
import { currentTask, Model } from "tq";

export class Printer extends Model {
  static override readonly __name__ = "printer";
  static tasks = {
    print: { attempts: 2, timeout: "300ms", backoff: ${hang} },
    scan: { attempts: 2, timeout: "300ms", retryOn: ${hang} },
    fax: { attempts: 3, timeout: "300ms", backoff: () => "10ms" },
  };
  async print() { throw new TypeError("no paper"); }
  async scan() { await Bun.sleep(1); throw new TypeError("no paper"); }
  async fax() {
    if (currentTask().attempt === 1) throw new TypeError("no paper");
    for (;;);
  }
}
`;

const env = { TQ_WORKER__TIMEOUT_GRACE: "100ms", TQ_WORKER__MAX_CRASHES: "1" };

for (const method of ["print", "scan"]) {
  test(`the history has what was thrown before the function of the policy: ${method}`, async () => {
    await using site = new Site();
    site.write("models.ts", MODELS);
    const id = await site.pushOne("printer", method, "1");
    await site.worker(["-n", "1"], { env });
    await site.becomes(id, "scheduled");
    const said = site.all("SELECT outcome, name, message, stack FROM tq_attempts");
    expect(said).toMatchObject([
      {
        outcome: "failed",
        name: "TypeError",
        message:
          "no paper (a function of its policy failed, so it waits as without one: TimeoutError: timed out after 300 ms)",
        stack: expect.stringContaining("models.ts"),
      },
    ]);
  });
}

test("a run that hangs itself has timed out, whatever the run before it threw", async () => {
  await using site = new Site();
  site.write("models.ts", MODELS);
  const id = await site.pushOne("printer", "fax", "1");
  const worker = await site.worker(["-n", "1"], { env });
  await worker.says("task.retried", { task: id, attempt: 2 });
  const said = site.all<{ message: string }>("SELECT message FROM tq_attempts");
  expect(said.map(({ message }) => message)).toEqual(["no paper", "timed out after 300 ms"]);
});
