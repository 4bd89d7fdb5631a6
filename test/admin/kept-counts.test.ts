/** Counts for people and programs where tasks are too many to count at each request. */
import { expect, test } from "bun:test";
import { newTask } from "../support/store.ts";
import { withTasks } from "./pages/person.ts";
import { TOKEN } from "./support.ts";

/** More scheduled tasks than a request counts. */
async function withMany() {
  const admin = await withTasks();
  const scheduledAt = admin.store.now() + 1e6;
  await admin.store.push(Array.from({ length: 6_000 }, () => newTask({ scheduledAt })));
  return admin;
}

type Admin = Awaited<ReturnType<typeof withMany>>;

async function metrics(admin: Admin): Promise<string[]> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  return (await (await admin.app.request("/metrics", { headers })).text()).split("\n");
}

async function queue(admin: Admin) {
  const { body } = await admin.get("/api/v1/queues");
  return (body as unknown as { queues: Record<string, unknown>[] }).queues[0];
}

test("before the first count all see the least, and are told so", async () => {
  await using admin = await withMany();
  expect(await queue(admin)).toMatchObject({
    scheduled: 1_000,
    at_least: true,
    least: ["scheduled"],
  });
  for (const page of ["/", "/queues"]) expect(await admin.page(page)).toContain("1000+");
  const lines = await metrics(admin);
  expect(lines).toContain('tq_queue_tasks{queue="default",state="scheduled"} 1000');
  expect(lines).toContain('tq_queue_tasks_age_seconds{state="ready"} 0');
  expect(lines.join("\n")).not.toContain('tq_queue_tasks_age_seconds{state="scheduled"}');
});

test("after a count all see it, and how old it is", async () => {
  await using admin = await withMany();
  await Array.fromAsync(admin.store.recount());
  const found = await queue(admin);
  expect(found).toMatchObject({
    scheduled: 6_000,
    about: { scheduled: expect.stringMatching(/Z$/) },
  });
  expect(found).not.toHaveProperty("at_least");
  for (const page of ["/", "/queues"]) {
    const html = await admin.page(page);
    expect(html).toContain("~6000");
    expect(html).toMatch(/~: counted \d+ \w+ ago, as so many take long to count/);
  }
  const lines = await metrics(admin);
  expect(lines).toContain('tq_queue_tasks{queue="default",state="scheduled"} 6000');
  expect(lines.join("\n")).toMatch(/^tq_queue_tasks_age_seconds\{state="scheduled"\} \d/m);
});
