/** Pages that stay open: what they show of others' doings, what they keep, and what they say when they cannot. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { SqliteStore } from "../../../src/sqlite/store.ts";
import { SeriesCounts } from "../../../src/statistics/counts.ts";
import { FUNCTION_METHOD } from "../../../src/task.ts";
import { MINUTE_MS } from "../../../src/values/duration.ts";
import { needs } from "../../support/needs.ts";
import { eventually } from "../support/eventually.ts";
import { INVOICES, launch, Shop } from "./browser.ts";

setDefaultTimeout(60_000);

/** Writes that so many tasks of `invoice` have run. */
async function countRuns(site: Shop, runs: number): Promise<void> {
  const store = new SqliteStore({ path: site.file("tq.db") });
  const counts = new SeriesCounts();
  const call = { queue: "default", model: "invoice", method: FUNCTION_METHOD };
  counts.of(call).ends.finished += runs;
  const at = Math.floor(Date.now() / MINUTE_MS - 2) * MINUTE_MS;
  const worker = "another"; // those of an unknown one do not count
  await store.register({ id: worker, pid: process.pid, threads: 1, queues: [] });
  await store.statistics.add({ worker, number: 1, at, counts });
  await store.unregister(worker);
  await store.close();
}

needs("chromium").describe("an open page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(async () => browser.close());

  const shop = () => Shop.with(INVOICES);

  test("shows what a person does on another page", async () => {
    await using site = await shop();
    const [id = 0] = await site.push("invoice", "[13]");
    await site.becomes(id, "failed");
    const one = await site.visit(browser, `/tasks/${id}`);
    const other = await site.visit(browser, "/queues");
    await one.page.getByRole("button", { name: "Retry" }).click();
    await site.becomes(id, "failed");
    await one.page.getByText("Run 2 failed").waitFor();
    await one.page.goto(`${site.url}/queues/pause?name=mail`);
    await one.page.getByLabel("Reason").fill("stocktaking");
    await one.page.getByRole("button", { name: "Pause" }).click();
    await other.page
      .getByText(/The queue mail is paused by tq.token since .*: stocktaking/)
      .waitFor();
    await other.page.getByRole("button", { name: "Resume: mail" }).click();
    await one.page.getByText("Nothing is paused.").waitFor();
    expect([...one.said, ...other.said]).toEqual([]);
  });

  test("is told of a commit by the stream, long before its own pace", async () => {
    await using site = await shop();
    const { page } = await site.visit(browser, "/queues");
    await openStream(page);
    await page.clock.runFor(1_000);
    const before = (await streams(page)).told;
    await site.push("invoice", "[13]", "--queue", "mail");
    await eventually("it was told", async () => (await streams(page)).told > before);
    await page.clock.runFor(2_000); // its pace is ten seconds
    await page.getByRole("link", { name: "mail", exact: true }).waitFor();
  });

  test("asks by itself where there is no stream", async () => {
    await using site = await shop();
    const { page } = await site.visit(browser, "/settings");
    await page.route("**/live", (route) => route.abort());
    await page.goto(`${site.url}/queues`);
    await site.push("invoice", "[13]", "--queue", "mail");
    await page.getByRole("link", { name: "mail", exact: true }).waitFor();
  });

  test("that nobody looks at asks nothing, and has no stream", async () => {
    await using site = await shop();
    const { page } = await site.visit(browser, "/queues");
    await openStream(page);
    await page.evaluate(hide, true);
    expect((await streams(page)).open).toBe(0);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await site.push("invoice", "[13]", "--queue", "mail");
    await page.clock.runFor(120_000);
    expect(asked).toEqual([]);
    await page.evaluate(hide, false);
    await page.clock.runFor(2_000);
    await page.getByRole("link", { name: "mail", exact: true }).waitFor();
    expect((await streams(page)).open).toBe(1);
  });

  test("keeps focus, selection, what is opened or closed, and what is typed and chosen", async () => {
    await using site = await shop();
    const [id = 0] = await site.push("invoice", "[13]");
    await site.becomes(id, "failed");
    const { page, said } = await site.visit(browser, "/tasks");
    await page.getByLabel(`Choose task ${id}`).check();
    await page.getByText("More to search for").click();
    await page.getByLabel("Text in the reason").fill("mailbox");
    await page.getByLabel("Text in the reason").evaluate((field) => {
      (field as HTMLInputElement).setSelectionRange(2, 4);
    });
    const [newer = 0] = await site.push("long", "[]");
    await page.getByText("1 newer task matches: show it").waitFor();
    expect(await page.getByLabel(`Choose task ${id}`).isChecked()).toBe(true);
    expect(await page.getByText("1 chosen").count()).toBe(1);
    expect(await page.getByRole("link", { name: String(newer), exact: true }).count()).toBe(0);
    const field = page.locator("[name=reason_has]:focus");
    expect(await field.inputValue()).toBe("mailbox");
    expect(await field.evaluate((it) => (it as HTMLInputElement).selectionStart)).toBe(2);

    await page.goto(`${site.url}/tasks/${id}`);
    await page.locator("details summary").first().click(); // its error was open
    await page.locator("pre", { hasText: "[13]" }).evaluate((pre) => {
      getSelection()?.selectAllChildren(pre);
    });
    await page.getByRole("button", { name: "Retry" }).focus();
    await site.run("retry", String(id));
    await page.getByText("Run 2 failed").waitFor();
    expect(await page.locator("details[open]").count()).toBe(0);
    expect(await page.evaluate(() => String(getSelection()))).toContain("[13]");
    expect(await page.locator("button:focus").textContent()).toBe("Retry");
    expect(said).toEqual([]);
  });

  test("does not jump while numbers change", async () => {
    await using site = await shop();
    const [id = 0] = await site.push("long", "[]");
    await site.becomes(id, "running");
    for (const path of ["/", `/tasks/${id}`, "/workers"]) {
      const { page } = await site.visit(browser, path);
      await page.waitForLoadState("networkidle").catch(() => {});
      await page.evaluate(watchShifts);
      for (let times = 0; times < 2; times++) {
        await site.push("invoice", "[1]");
        await page.waitForResponse((answer) => answer.url() === site.url + path);
      }
      expect(await page.evaluate(shifts), path).toBeLessThan(0.01);
      await page.context().close();
    }
  });

  test("comes to the models and to the settings", async () => {
    await using site = await shop();
    const { page, said } = await site.visit(browser, "/models");
    const row = page.getByRole("row").filter({ hasText: "invoice" });
    await row.getByRole("cell", { name: "0" }).first().waitFor();
    await countRuns(site, 4711); // a worker writes its own once a minute
    await row.getByRole("cell", { name: "4711", exact: true }).waitFor();
    await page.goto(`${site.url}/settings`);
    const days = page.getByRole("row").filter({ hasText: "queue.clean_days" });
    const before = await days.textContent();
    expect(said).toEqual([]);
    const address = new URL(site.url).host;
    site.server.kill("SIGTERM");
    await site.server.ended();
    site.write("tq.toml", "[queue]\nclean_days = 4711\n");
    await site.open(address);
    await days.filter({ hasText: "4711" }).waitFor();
    expect(before).not.toContain("4711");
  });

  test("says that the server does not answer, and goes on when it is back", async () => {
    await using site = await shop();
    const { page } = await site.visit(browser);
    const address = new URL(site.url).host;
    site.server.kill("SIGTERM");
    await site.server.ended();
    await page
      .getByText(/The server does not answer\. This page shows how it was at \d\d:/)
      .waitFor();
    await site.open(address);
    await site.push("invoice", "[13]", "--queue", "new");
    await page.getByRole("row", { name: /^new / }).waitFor();
    expect(await page.locator("#live").textContent()).toBe("");
  });

  test("says that its session has ended, keeps what was typed, and leads back", async () => {
    await using site = await shop();
    const added = await site.run("token", "add", "ana", "--role", "admin");
    const token = added.stdout.trim().split(/\s+/).at(-1) ?? "";
    const { page } = await site.visit(browser, "/recurring/tq.clean", {}, token);
    await page.getByLabel("Reason").fill("stocktaking");
    await site.run("token", "remove", "ana");
    await page.getByText("Your session has ended.").waitFor();
    expect(await page.getByLabel("Reason").inputValue()).toBe("stocktaking");
    await page.getByRole("link", { name: "Sign in again" }).click();
    await page.getByLabel("Token").fill(site.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL("**/recurring/tq.clean");
  });

  test("loads itself again for another version of tq, and not while a person types", async () => {
    await using site = await shop();
    const { page } = await site.visit(browser, "/recurring/tq.clean");
    await page.getByLabel("Reason").fill("stocktaking");
    await page.route("**/*", async (route) => {
      if (route.request().headers()["hx-request"] === undefined) return route.continue();
      const answer = await route.fetch();
      const body = (await answer.text()).replace(/data-build="\w+"/, 'data-build="another"');
      return route.fulfill({ response: answer, body });
    });
    await site.push("invoice", "[1]");
    await page.getByText("The server runs another version of tq now.").waitFor();
    expect(await page.getByLabel("Reason").inputValue()).toBe("stocktaking");
    const loaded = page.waitForEvent("load");
    await page.getByLabel("Reason").fill("");
    await loaded;
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.context().close();
  });

  test("says why where the database is gone, and has the page of its own when it is loaded", async () => {
    await using site = await shop();
    const { page } = await site.visit(browser, "/queues");
    await site.spawn(["mv", "tq.db", "away.db"]).ended();
    await page.getByText(/tries again: Cannot .*tq\.db was deleted or replaced/).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "This cannot be shown" }).waitFor();
    await site.spawn(["mv", "away.db", "tq.db"]).ended();
    await page.getByRole("heading", { name: "Queues" }).waitFor();
  });
});

/** Loads the page again with a clock of its own, until its stream is open. */
async function openStream(page: Page): Promise<void> {
  await watchStreams(page);
  await page.clock.install();
  await page.reload();
  await eventually("the stream is open", async () => (await streams(page)).open === 1);
}

/** Notes the streams of the pages that are loaded from now on. */
async function watchStreams(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const all: EventSource[] = [];
    const noted = { all, told: 0 };
    Object.assign(globalThis, { noted });
    globalThis.EventSource = class extends EventSource {
      constructor(url: string | URL) {
        super(url);
        all.push(this);
        this.addEventListener("changed", () => (noted.told += 1));
      }
    };
  });
}

async function streams(page: Page) {
  return page.evaluate(() => {
    const { noted } = globalThis as unknown as { noted: { all: EventSource[]; told: number } };
    return { open: noted.all.filter((it) => it.readyState === 1).length, told: noted.told };
  });
}

/** As a browser does when another tab is shown. */
function hide(isHidden: boolean): void {
  Object.defineProperty(document, "hidden", { get: () => isHidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}

function watchShifts(): void {
  Object.assign(globalThis, { shifted: 0 });
  new PerformanceObserver((list) => {
    const them = globalThis as unknown as { shifted: number };
    for (const entry of list.getEntries())
      them.shifted += (entry as unknown as { value: number }).value;
  }).observe({ type: "layout-shift" });
}

function shifts(): number {
  return (globalThis as unknown as { shifted: number }).shifted;
}
