/** The pictures of the dashboard in the documents. `TQ_README=write npm test -- test/integration/browser` takes them. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import { WAYS } from "../../../src/admin/pages/layout.tsx";
import { needs } from "../../support/needs.ts";
import { ROOT } from "../support/site.ts";
import { launch } from "./browser.ts";
import { ExampleShop } from "./shop/example-shop.ts";

setDefaultTimeout(120_000);

const FOLDER = join(ROOT, "docs/pictures");

const MOST_BYTES = 150_000;

interface Picture {
  readonly name: string;
  /** Of the tasks of the shop one runs, and one has failed. */
  readonly path: (shop: ExampleShop) => string;
  readonly options?: BrowserContextOptions;
}

const at = (path: string) => () => path;

const PICTURES: readonly Picture[] = [
  { name: "overview", path: at("/") },
  { name: "overview-dark", path: at("/"), options: { colorScheme: "dark" } },
  { name: "overview-phone", path: at("/"), options: { viewport: { width: 390, height: 844 } } },
  { name: "tasks", path: at("/tasks") },
  { name: "task", path: ({ running }) => `/tasks/${running}` },
  { name: "task-failed", path: ({ failed }) => `/tasks/${failed}` },
  { name: "failed", path: at("/failed") },
  { name: "recurring", path: at("/recurring") },
  { name: "recurring-one", path: at("/recurring/prices") },
  { name: "queues", path: at("/queues") },
  { name: "pause", path: at("/queues/pause?name=labels") },
  { name: "workers", path: at("/workers") },
  { name: "models", path: at("/models") },
  { name: "push", path: ({ failed }) => `/push?task=${failed}` },
  { name: "settings", path: at("/settings") },
];

if (process.env["TQ_README"] === "write") {
  needs("chromium").test("the pictures are taken", async () => {
    mkdirSync(FOLDER, { recursive: true });
    const browser = await launch();
    await using shop = await ExampleShop.withHistory();
    for (const { name, path, options } of PICTURES) {
      const { page } = await shop.visit(browser, path(shop), options);
      await page.waitForLoadState("load");
      await page.evaluate(tidy, [shop.path, "/srv/shop"] as const);
      await take(page, join(FOLDER, `${name}.webp`));
      await page.context().close();
    }
    await browser.close();
  });
}

test("each page of the dashboard has a small picture, and docs/dashboard.md shows it", () => {
  const document = readFileSync(join(ROOT, "docs/dashboard.md"), "utf8");
  const files = readdirSync(FOLDER);
  expect(files.sort()).toEqual(PICTURES.map(({ name }) => `${name}.webp`).sort());
  for (const file of files) {
    expect(document).toContain(`](pictures/${file})`);
    expect(statSync(join(FOLDER, file)).size, file).toBeLessThan(MOST_BYTES);
  }
  for (const { path } of WAYS) expect(files).toContain(`${path.slice(1) || "overview"}.webp`);
});

/** Chromium makes WebP, which playwright does not offer. */
async function take(page: Page, file: string): Promise<void> {
  const { height, width } = await page.evaluate(() => ({
    height: Math.min(
      Math.ceil(document.querySelector("main")?.getBoundingClientRect().bottom ?? 0),
      1_100,
    ),
    width: document.documentElement.clientWidth,
  }));
  await page.setViewportSize({ width, height });
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 80 });
  await Bun.write(file, Buffer.from(data, "base64"));
}

/** Puts a shop's names where those of the machine that takes the pictures stand. */
function tidy([from, to]: readonly [string, string]): void {
  const words: (readonly [RegExp | string, string])[] = [
    [from, to],
    [/\b[\w.-]+@[\w-]+(?![\w.-])/, "office@shop"],
    [/\b[\w.-]+:\d{3,7}(?= \d+$|\s*$)/, "shop:4711"],
    [/thread (\d) of .* pid \d+/, "thread $1 of shop pid 4711"],
    [/\+[\da-f]{7,}\S*/, ""],
  ];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    for (const [word, other] of words) node.nodeValue = (node.nodeValue ?? "").replace(word, other);
  }
}
