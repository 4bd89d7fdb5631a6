/** Tasks on the dashboard, as a person sees and changes them in a real browser. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { needs } from "../../support/needs.ts";
import { findings, INVOICES, launch, Shop } from "./browser.ts";

setDefaultTimeout(60_000);

needs("chromium").describe("the dashboard", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(async () => browser.close());

  const shop = () => Shop.with(INVOICES);

  test("shows a task that fails with its stack, and retries it", async () => {
    await using site = await shop();
    const [id = 0] = await site.push("invoice", "[13]", "--queue", "mail");
    await site.becomes(id, "failed");
    const { page, said } = await site.visit(browser, "/tasks?state=failed");
    await page.getByRole("link", { name: String(id), exact: true }).click();
    await page.getByText("no such mailbox").first().waitFor();
    expect(await page.locator("pre", { hasText: "models.ts:5" }).count()).toBeGreaterThan(0);
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByText("Run 2").or(page.getByText("at attempt 2")).first().waitFor();
    expect(site.task(id).attempts).toBe(2);
    expect(said).toEqual([]);
  });

  test("shows a task live while it runs, and cancels it", async () => {
    await using site = await shop();
    const [id = 0] = await site.push("long", "[]");
    const { page, said } = await site.visit(browser, `/tasks/${id}`);
    await page
      .getByText(/page \d+/)
      .first()
      .waitFor();
    const first = await page
      .getByText(/ of 600/)
      .first()
      .textContent();
    await page.waitForFunction(
      (before) => !document.body.textContent?.includes(before ?? ""),
      first,
    );
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("heading", { name: "cancelled" }).waitFor();
    expect(site.task(id).state).toBe("cancelled");
    expect(said).toEqual([]);
  });

  test("works without JavaScript, on a phone, in the dark", async () => {
    await using site = await shop();
    await site.push("invoice", "[1]");
    const { page } = await site.visit(browser, "/tasks", {
      javaScriptEnabled: false,
      viewport: { width: 360, height: 700 },
      colorScheme: "dark",
    });
    await page.getByLabel("Queue").fill("default");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByRole("link", { name: "1", exact: true }).click();
    await page.getByRole("heading", { name: "Task 1" }).waitFor();
    const { scroll, client } = await widths(page);
    expect(scroll).toBeLessThanOrEqual(client);
  });

  test.each([
    "/",
    "/tasks",
    "/tasks/1",
    "/failed",
    "/recurring",
    "/recurring/tq.clean",
    "/queues",
    "/queues/pause",
    "/workers",
    "/models",
    "/push?task=1",
    "/settings",
    "/sign-in",
  ])("has no finding of axe on %s", async (path) => {
    await using site = await shop();
    const [id = 0] = await site.push("invoice", "[13]");
    await site.becomes(id, "failed");
    for (const colorScheme of ["light", "dark"] as const) {
      const { page } = await site.visit(browser, path === "/sign-in" ? "/" : path, {
        colorScheme,
      });
      if (path === "/sign-in") await page.goto(`${site.url}/sign-in`);
      expect(await findings(page)).toEqual([]);
    }
  });
});

async function widths(page: Page) {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return { scroll: scrollWidth, client: clientWidth };
  });
}
