import { expect, test } from "bun:test";
import { parseSettings } from "../../../src/settings/config.ts";
import { onSqlite } from "../../support/tested-store.ts";
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

onSqlite("a server has backups of its own").test(
  "the last backup is on the overview and on the page of settings, where there is one",
  async () => {
    await using admin = await withTasks([]);
    const title = "<dt>Last backup</dt>";
    const hint = "To think of: the last backup; none was ever made: tq backup FILE makes one";
    expect(await admin.page("/settings")).toContain(hint);
    expect(await admin.page("/")).not.toContain(title);
    await admin.store.condition.rememberBackup({ path: "/mnt/<b>.db", size: 7 });
    const words = `${title}<dd>under 1 s ago: /mnt/&lt;b&gt;.db</dd>`;
    expect(await admin.page("/")).toContain(words);
    const settings = await admin.page("/settings");
    expect(settings).toContain(words);
    expect(settings).not.toContain("To think of:");
  },
);
