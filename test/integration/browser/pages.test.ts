/** The pages of the dashboard beside tasks, in a real browser: charts, keys, forms under a live page. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { needs } from "../../support/needs.ts";
import { launch, Shop } from "./browser.ts";

setDefaultTimeout(60_000);

const MODELS = `
import { task } from "tq";
export const invoice = task("invoice", async (n: number) => {
  if (n === 13) throw new Error("no such mailbox");
  return n;
});
`;

/** So many that no page looks at all of them; the first one is the only one of its kind. */
const MANY = `
  INSERT INTO tq__task (state, queue, priority, deadline, model, method, instances, args, user, context,
                        enqueued_at, dequeued_at, finished_at)
  WITH RECURSIVE task (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM task WHERE n < 1000000)
  SELECT 'finished', 'default', 0, 0, 'invoice', 'call', '[]', iif(n = 1, '["rare"]', '["usual"]'), 0, '{}', 0, 0, 0
    FROM task`;

const PHONE = { viewport: { width: 360, height: 700 } };

needs("chromium").describe("the pages of the dashboard", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(async () => browser.close());

  const shop = () => Shop.with(MODELS);

  test("push a task by a form, and retry a group of failed ones, without JavaScript", async () => {
    await using site = await shop();
    const { page } = await site.visit(browser, "/models", { javaScriptEnabled: false, ...PHONE });
    await page.getByRole("link", { name: "Push a task of invoice" }).click();
    await page.getByRole("button", { name: "Write the arguments as JSON" }).click();
    await page.getByLabel("Arguments").fill("[13");
    await page.getByRole("button", { name: "Push" }).click();
    await page.getByText("Cannot read args").waitFor();
    await page.getByLabel("Arguments").fill("[13]");
    await page.getByRole("button", { name: "Push" }).click();
    await page.getByRole("heading", { name: "Task 1" }).waitFor();
    await site.becomes(1, "failed");
    await page.goto(`${site.url}/failed`);
    await page.getByRole("button", { name: "Retry failed tasks: invoice" }).click();
    await page.getByRole("heading", { name: "Retry 1 task?" }).waitFor();
    await page.getByRole("button", { name: "Retry 1 task" }).click();
    await page.getByText("1 task retried.").waitFor();
  });

  test("take a time by the clock by which they show it: that of the browser", async () => {
    await using site = await shop();
    const options = { timezoneId: "America/New_York" };
    const { page, said } = await site.visit(browser, "/push?model=invoice", options);
    await page.getByText("(your time: America/New_York)").waitFor();
    await page.getByLabel("n number").fill("1");
    await page.getByLabel("Not before").fill("2090-12-01 07:00");
    await page.getByRole("button", { name: "Push" }).click();
    await page.getByRole("heading", { name: "Task 1" }).waitFor();
    const due = page.locator('time[datetime="2090-12-01T12:00:00.000Z"]').first();
    expect(await due.textContent()).toBe("2090-12-01 07:00:00");
    await page.goto(`${site.url}/queues/pause?name=print`);
    await page.getByLabel("Until").fill("2090-12-01 07:00");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.locator('time[datetime="2090-12-01T12:00:00.000Z"]').first().waitFor();
    expect(said).toEqual([]);
  });

  test("draw charts, keep them while the page lives, and fetch them anew after a minute", async () => {
    await using site = await shop();
    await site.push("invoice", "[1]");
    const { page, said } = await site.visit(browser);
    await page.clock.install();
    await page.reload();
    await page.locator("canvas").nth(3).waitFor();
    await page.getByText("The same as a table").click();
    await page.locator("canvas").first().evaluate(mark);
    const before = await chartData(page);
    await site.push("invoice", "[1]");
    await page.clock.runFor(61_000);
    await page.waitForFunction(
      (old) => document.querySelector<HTMLElement>("[data-chart]")?.dataset["chart"] !== old,
      before,
    );
    expect(await page.locator("canvas.mine").count()).toBe(1);
    expect(await page.locator("details[open]").count()).toBe(1);
    expect(said).toEqual([]);
  });

  test("go on by themselves where few of many tasks match, and by a link without JavaScript", async () => {
    await using site = await shop();
    using db = site.connect();
    db.run(MANY);
    const path = "/tasks?args_have=rare";
    const { page, said } = await site.visit(browser, path);
    await page.getByRole("link", { name: "1", exact: true }).waitFor();
    expect(page.url()).toContain("before=");
    expect(said).toEqual([]);
    const { page: plain } = await site.visit(browser, path, { javaScriptEnabled: false });
    await plain.getByText(/No task with the id \d+ or a later one matches/).waitFor();
    const before = plain.url();
    await plain.getByRole("link", { name: "Older tasks" }).click();
    await plain.waitForURL("**before=**");
    expect(plain.url()).not.toBe(before);
  });

  test("know keys, but not while a person types", async () => {
    await using site = await shop();
    const { page, said } = await site.visit(browser, "/settings");
    await page.keyboard.type("gf");
    await page.waitForURL("**/failed");
    await page.keyboard.press("/");
    await page.waitForURL("**/tasks#find");
    await page.locator("[name=queue]:focus").waitFor();
    await page.keyboard.type("gf?");
    expect(await page.locator("[name=queue]").inputValue()).toBe("gf?");
    await page.locator("[name=queue]").blur();
    await page.keyboard.press("?");
    await page.getByRole("heading", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    expect(await page.locator("dialog[open]").count()).toBe(0);
    expect(said).toEqual([]);
  });

  test("keep what a person types while they live, and pause a recurring task", async () => {
    await using site = await shop();
    const { page, said } = await site.visit(browser, "/recurring/tq.clean");
    await page.getByLabel("Reason").fill("stocktaking");
    await page.waitForResponse((answer) => answer.url().endsWith("/recurring/tq.clean"));
    await page.getByLabel("Until").fill("2h");
    expect(await page.getByLabel("Reason").inputValue()).toBe("stocktaking");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText(/paused by tq.token since .*: stocktaking/).waitFor();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
    expect(said).toEqual([]);
  });

  test.each(["/", "/failed", "/recurring", "/queues", "/workers", "/models", "/push", "/settings"])(
    "fit a phone: %s",
    async (path) => {
      await using site = await shop();
      const [id = 0] = await site.push("invoice", "[13]");
      await site.becomes(id, "failed");
      const { page } = await site.visit(browser, path, PHONE);
      const over = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return scrollWidth - clientWidth;
      });
      expect(over).toBeLessThanOrEqual(0);
    },
  );
});

function mark(canvas: Element): void {
  canvas.classList.add("mine");
}

async function chartData(page: Page): Promise<string | null> {
  return page.locator("[data-chart]").first().getAttribute("data-chart");
}
