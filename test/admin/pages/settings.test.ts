import { expect, test } from "bun:test";
import { parseSettings } from "../../../src/settings/config.ts";
import { withTasks } from "./person.ts";

test("the page of settings says each value and where it comes from, without secrets", async () => {
  const settings = {
    worker: { grace: "90s" },
    alert: { url: "https://hooks.example.com/services/T0/pa55word" },
    tasks: { "sale.<b>": { attempts: 3 } },
  };
  await using admin = await withTasks([], { config: parseSettings(settings, "the test") });
  const html = await admin.page("/settings");
  expect(html).toContain('<code>worker.grace</code></th><td class="wrap">1 min 30 s</td>');
  expect(html).toContain("https://hooks.example.com/…");
  expect(html).toContain("sale.&lt;b&gt;");
  expect(html).toContain("default, or TQ_QUEUE__CLEAN_DAYS");
  expect(html).not.toContain("pa55word");
});

test("the page of settings says what the doctor finds, and what to do", async () => {
  await using admin = await withTasks([]);
  const html = await admin.page("/settings");
  expect(html).toContain("No worker is running: tasks wait until one is.");
  expect(html).toContain("<strong>To do:</strong> start it with tq worker.");
});
