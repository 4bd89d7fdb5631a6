/** Whole stories of a day at the shop: by keys alone, by hand, without JavaScript. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { needs } from "../../support/needs.ts";
import { launch, Shop } from "./browser.ts";

setDefaultTimeout(60_000);

const MODELS = `
import { task } from "tq";
export const invoice = task("invoice", async (n: number) => {
  if (n === 13) throw new Error("no such mailbox");
  if (n === 14) throw new Error("no such mailbox: ask again");
  return n;
});
export const print = task("print", async () => {
  throw new Error("no such mailbox");
});
export const long = task("long", async () => Bun.sleep(600_000));
`;

needs("chromium").describe("a person", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(async () => browser.close());

  const shop = () => Shop.with(MODELS);

  test("signs in, filters, opens a task, retries, cancels and pauses by keys alone", async () => {
    await using site = await shop();
    const [failed = 0] = await site.push("invoice", "[13]", "--queue", "mail");
    await site.becomes(failed, "failed");
    const [running = 0] = await site.push("long", "[]", "--queue", "slow");
    await site.becomes(running, "running");
    const page = await browser.newPage();
    const { keyboard } = page;
    await page.goto(site.url);
    await page.locator("[name=token]:focus").waitFor(); // it gets the focus by itself, once it is drawn
    await keyboard.type(site.token);
    await keyboard.press("Enter");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.waitForLoadState(); // nothing hears a key before
    await keyboard.type("/");
    await page.locator("[name=queue]:focus").waitFor();
    await keyboard.type("mail");
    await keyboard.press("Enter");
    await page.waitForURL("**/tasks?queue=mail**");
    await tabTo(page, String(failed));
    await keyboard.press("Enter");
    await page.getByRole("heading", { name: `Task ${failed}` }).waitFor();
    await tabTo(page, "Retry");
    await keyboard.press("Enter");
    await page.getByText("Run 2 failed").waitFor();
    await page.goto(`${site.url}/tasks/${running}`);
    await tabTo(page, "Cancel");
    await keyboard.press("Space");
    await page.getByRole("heading", { name: "cancelled" }).waitFor();
    await page.waitForLoadState();
    await keyboard.type("gq");
    await page.waitForURL("**/queues");
    await tabTo(page, "Pause a queue or a method");
    await keyboard.press("Enter");
    await page.getByRole("heading", { name: "Pause a queue or a method" }).waitFor();
    await tabTo(page, "Name or pattern");
    await keyboard.type("mail");
    await keyboard.press("Enter");
    await page.getByText("The queue mail is paused by tq.token").waitFor();
    expect([site.task(failed).attempts, site.task(running).state]).toEqual([2, "cancelled"]);
  });

  test("pages by a key, chooses a page, and cancels all that match by their count", async () => {
    await using site = await shop();
    await site.run("pause", "stock");
    using database = site.connect();
    database.run(
      `INSERT INTO tq_push (model, args, queue)
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)
       SELECT 'invoice', '[' || i || ']', 'stock' FROM n`,
    );
    const { page, said } = await site.visit(browser, "/tasks?state=ready&queue=stock");
    await page.getByText("70 more match.").waitFor();
    await page.keyboard.press("n");
    await page.getByText("20 more match.").waitFor();
    await page.getByLabel("Choose all on this page").check();
    await page.getByText("50 chosen").waitFor();
    await page.getByLabel("Choose task 70").uncheck();
    await page.getByText("49 chosen").waitFor();
    await page.getByRole("button", { name: "Cancel chosen" }).click();
    await page.getByText("49 tasks cancelled.").waitFor();
    await page.goto(`${site.url}/tasks?state=ready&queue=stock`);
    await page.getByRole("button", { name: "Cancel all that match" }).click();
    await page.getByRole("heading", { name: "Cancel 71 tasks?" }).waitFor();
    await page.getByRole("button", { name: "Cancel 71 tasks" }).click();
    await page.getByText("71 tasks cancelled.").waitFor();
    await page.getByText("No tasks match.").waitFor();
    expect(said).toEqual([]);
  });

  test.each([true, false])(
    "runs a task again with other arguments; with JavaScript: %p",
    async (javaScriptEnabled) => {
      await using site = await shop();
      const [id = 0] = await site.push("invoice", "[13]", "--queue", "mail");
      await site.becomes(id, "failed");
      const { page } = await site.visit(browser, `/tasks/${id}`, { javaScriptEnabled });
      await page.getByRole("link", { name: "Run again with changes…" }).click();
      expect(await page.getByLabel("n number").inputValue()).toBe("13");
      await page.getByLabel("n number").fill("12");
      await page.getByRole("button", { name: "Push" }).click();
      await page.getByRole("heading", { name: `Task ${id + 1}` }).waitFor();
      const again = await site.becomes(id + 1, "finished");
      expect([again.queue, again.result]).toEqual(["mail", "12"]);
      expect(site.task(id).state).toBe("failed");
    },
  );

  test("retries a group of failures, and none of another error or method", async () => {
    await using site = await shop();
    for (const call of [
      ["invoice", "[13]"],
      ["invoice", "[14]"],
      ["print", "[]"],
      ["invoice", "[13]"],
    ]) {
      const [id = 0] = await site.push(...call);
      await site.becomes(id, "failed");
    }
    const { page } = await site.visit(browser, "/failed");
    const name = "Retry failed tasks: invoice, Error: no such mailbox";
    await page.getByRole("button", { name, exact: true }).click();
    await page.getByRole("button", { name: "Retry 2 tasks" }).click();
    await page.getByText("2 tasks retried.").waitFor();
    await site.becomes(4, "failed");
    const attempts = site.all<{ attempts: number }>("SELECT attempts FROM tq__task ORDER BY id");
    expect(attempts.map((row) => row.attempts)).toEqual([2, 1, 1, 2]);
  });

  test("deletes a task once it is confirmed, and retries and pauses, without JavaScript", async () => {
    await using site = await shop();
    const [id = 0] = await site.push("invoice", "[13]");
    await site.becomes(id, "failed");
    const { page } = await site.visit(browser, `/tasks/${id}`, { javaScriptEnabled: false });
    await page.getByRole("button", { name: "Retry" }).click();
    await site.becomes(id, "failed");
    await page.goto(`${site.url}/tasks?state=failed`);
    await page.getByLabel(`Choose task ${id}`).check();
    await page.getByRole("button", { name: "Delete chosen" }).click();
    await page.getByRole("heading", { name: "Delete 1 task for good?" }).waitFor();
    await page.getByRole("button", { name: "Delete 1 task" }).click();
    await page.getByText("1 task deleted.").waitFor();
    await page.goto(`${site.url}/queues/pause`);
    await page.getByLabel("Name or pattern").fill("mail");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume: mail" }).click();
    await page.getByText("Nothing is paused.").waitFor();
  });

  test("who wants no motion sees none, in the dark and on a phone", async () => {
    await using site = await shop();
    await site.push("long", "[]");
    const { page } = await site.visit(browser, "/", {
      reducedMotion: "reduce",
      colorScheme: "dark",
      viewport: { width: 390, height: 844 },
    });
    for (const path of ["/", "/tasks", "/queues"]) {
      await page.goto(site.url + path);
      const seen = await page.evaluate(() => ({
        moving: document.getAnimations().length,
        paper: getComputedStyle(document.body).backgroundColor,
        over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      }));
      expect(seen).toEqual({ moving: 0, paper: "rgb(17, 20, 24)", over: 0 });
    }
  });
});

/** Presses Tab until this link, button or field has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    const words = await page.evaluate(() => {
      const at = document.activeElement;
      const label = (at as HTMLInputElement | null)?.labels?.[0]?.textContent;
      return (label ?? at?.getAttribute("aria-label") ?? at?.textContent ?? "").trim();
    });
    if (words === name) return;
  }
  throw new Error(`No press of Tab leads to ${name}`);
}
