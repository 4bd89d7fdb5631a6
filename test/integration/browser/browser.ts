/** Debian's Chromium, looking at the dashboard of a real worker. */
import { readFileSync } from "node:fs";
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { Site } from "../support/site.ts";

/** Chromium asks the network for nothing, and runs as root. */
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** An invoice, which customer 13 does not get, and a task that says for half a minute how far it is. */
export const INVOICES = `
import { currentTask, task } from "tq";
export const invoice = task("invoice", async (n: number) => {
  currentTask().log("to customer", n);
  if (n === 13) throw new Error("no such mailbox");
  return n;
});
export const long = task("long", async () => {
  for (let page = 1; page <= 600; page++) {
    currentTask().progress(page, 600, "page " + page);
    await Bun.sleep(50);
  }
});
`;

export async function launch(): Promise<Browser> {
  const executablePath = Bun.which("chromium") ?? "";
  return chromium.launch({ executablePath, args: ARGS });
}

/** A folder with a worker that serves its dashboard. */
export class Shop extends Site {
  url = "";

  static async with(models: string) {
    const shop = new Shop();
    shop.write("models.ts", models);
    return Object.assign(shop, { server: await shop.open() });
  }

  /** @param listen the same address again after a restart. */
  async open(listen = "127.0.0.1:0") {
    const args = ["--threads", "2", "--admin", "--listen", listen];
    const worker = await this.worker(args);
    const { url } = await worker.says("admin.listening");
    this.url = String(url);
    return worker;
  }

  get token(): string {
    return readFileSync(this.file("tq.token"), "utf8").trim();
  }

  /** A page that is signed in, with everything that its console said. */
  async visit(
    browser: Browser,
    path = "/",
    options: BrowserContextOptions = {},
    token = this.token,
  ) {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      ...options,
    });
    const page = await context.newPage();
    const said: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) said.push(message.text());
    });
    page.on("pageerror", (error) => said.push(String(error)));
    await page.goto(this.url + path);
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(this.url + path);
    return { page, said };
  }
}

/** The findings of axe on a page, of any level. */
export async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run(document),
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}
