import { expect, test } from "bun:test";
import { claim, newTask } from "../../support/store.ts";
import { withTasks } from "./person.ts";

const W1 = { id: "w1", pid: 4711, threads: 3, queues: ["mail", "<b>"] };

test("the page of workers says what each busy thread runs, and how many are idle", async () => {
  await using admin = await withTasks();
  const { store } = admin;
  await store.register(W1);
  await store.condition.setTrouble("w1", "it is <tired>");
  await store.push([newTask(), newTask(), newTask()]);
  await claim(store, { owner: { worker: "w1", thread: 2 } });
  await claim(store, { owner: { worker: "w1", thread: 1 }, limit: 2 });
  const html = await admin.page("/workers");
  expect(html).toContain("⚠ in trouble");
  expect(html).toContain("⚠ it is &lt;tired&gt;");
  expect(html).toContain("mail, &lt;b&gt;");
  const rows = [...html.matchAll(/<tr id="thread-.*?<\/tr>/g)];
  expect(rows).toHaveLength(2);
  expect(rows[0]?.[0]).toContain('<a href="/tasks/2">2</a>');
  expect(rows[0]?.[0]).toContain("and 1 claimed; or one of the others that it has claimed");
  expect(rows[1]?.[0]).toContain('<a href="/tasks/1">1</a>');
  expect(html).toContain("1 of its 3 threads is idle.");
  const overview = await admin.page("/");
  expect(overview).toContain("<h2>Running now</h2>");
  expect(overview).toMatch(/<th scope="row">[^<]+:4711 2<\/th>/);
  await store.unregister("w1");
  expect(await admin.page("/workers")).toContain("No worker is running: start one");
});
