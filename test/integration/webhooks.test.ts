/** Webhooks of the built binary: one task for each end, delivered whatever is killed. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { ok, receive } from "../support/receiver.ts";
import { until } from "../support/until.ts";
import { Site } from "./support/site.ts";

setDefaultTimeout(60_000);

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

const MODELS = `
import { Model } from "tq";
export class Job extends Model {
  static override readonly __name__ = "job";
  fail(word) { throw new Error("no " + this.id); }
  work() { return this.id; }
}`;

function siteWith(url: string, more = ""): Site {
  const site = new Site();
  site.write("models.ts", MODELS);
  site.write(
    "tq.toml",
    `[[webhook]]\nurl = "${url}"\nsecret = "${SECRET}"\n${more}\n[tasks."tq.webhook"]\nbackoff = "50ms"\n`,
  );
  return site;
}

/** Retries an assertion for 10 s. */
const soon = (assertion: () => unknown) => until(assertion, 10_000);

test("a task that failed is told once, signed, without its arguments", async () => {
  await using receiver = receive(ok);
  await using site = siteWith(receiver.url);
  const worker = await site.worker(["-n", "1", "--queue", "default"]);
  const id = await site.pushOne("job", "fail", "1", "--args", '["private"]');
  await site.pushOne("job", "work", "2");
  await soon(() => expect(receiver.received).toHaveLength(1));
  const [{ headers, event }] = receiver.received as [(typeof receiver.received)[0]];
  expect(event).toMatchObject({
    type: "task.failed",
    data: { id, state: "failed", model: "job", method: "fail", reason: "Error: no 1" },
  });
  expect(event.timestamp).toBe(event.data["finished_at"] as string);
  expect(event.data).not.toHaveProperty("args");
  expect(headers.get("webhook-id")).toMatch(/^tq_[\da-f]{32}$/);
  expect(headers.get("webhook-signature")).toMatch(/^v1,[\w+/]{43}=$/);
  worker.kill("SIGTERM");
  await worker.exited;
  const { stdout } = await site.run("list", "--json");
  expect(stdout + worker.stderr).not.toContain("hush");
  expect(stdout + worker.stderr).not.toContain(SECRET.slice(6));
});
