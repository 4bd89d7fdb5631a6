/** Texts that want to be more than text: markup, codes for terminals, marks that turn text around, lines of a megabyte. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser } from "playwright-core";
import { needs } from "../../support/needs.ts";
import { findings, launch, Shop } from "./browser.ts";

setDefaultTimeout(60_000);

const EVIL = `"'><img src=x onerror="hacked=1"><script>hacked=1</script>&lt;\u202Eevil\u2066\u001b[31m\u0007`;

const MODELS = `
import { currentTask, task } from "tq";
const EVIL = ${JSON.stringify(EVIL)};
export const fail = task("fail", async (text) => {
  currentTask().log(EVIL + text);
  currentTask().progress(1, 2, EVIL);
  throw Object.assign(new Error(EVIL + text + "\\n" + text), { name: "Error" + EVIL });
});
export const say = task("say", async (text) => {
  currentTask().log("x".repeat(1_000_000));
  return EVIL + text;
});
export const wait = task("wait", async () => {
  currentTask().progress(1, 2, EVIL);
  await Bun.sleep(600_000);
});
`;

const PUSH = `
  INSERT INTO tq_push (model, method, instances, args, context, queue, ref)
  VALUES ($model, $method, $instances, $args, $context, $queue, $ref)`;

const PATHS = [
  "/",
  "/tasks",
  "/tasks?state=failed",
  `/tasks?${new URLSearchParams({ queue: EVIL, reason_has: EVIL })}`,
  `/tasks?${new URLSearchParams({ where: EVIL })}`,
  "/tasks/1",
  "/tasks/2",
  "/tasks/3",
  "/tasks/4",
  "/failed",
  "/queues",
  `/queues/pause?${new URLSearchParams({ name: EVIL, kind: EVIL })}`,
  "/recurring",
  "/recurring/tq.clean",
  `/recurring/${encodeURIComponent(EVIL)}`,
  "/workers",
  "/models",
  "/push?task=4",
  `/push?${new URLSearchParams({ model: EVIL, args: EVIL })}`,
  "/settings",
];

needs("chromium").describe("hostile texts", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(async () => browser.close());

  test("are text on every page", async () => {
    await using site = await Shop.with(MODELS);
    using database = site.connect();
    const megabyte = `${EVIL}${"y".repeat(1_000_000)}`;
    const push = (values: Record<string, string | null>) =>
      database.query(PUSH).run({ ...NONE, ...values });
    push({ model: "fail", args: JSON.stringify([megabyte]), queue: EVIL, ref: EVIL });
    push({
      model: "say",
      args: JSON.stringify([megabyte]),
      context: JSON.stringify({ [EVIL]: EVIL }),
    });
    push({ model: "wait", queue: `${EVIL}${"q".repeat(150)}` });
    push({ model: EVIL, method: EVIL, instances: "7", queue: EVIL });
    await site.becomes(1, "failed");
    await site.becomes(2, "finished");
    await site.becomes(3, "running");
    await site.run("pause", EVIL, "--reason", EVIL);
    await site.run("cron", "pause", "tq.clean", "--reason", EVIL);
    const { page, said } = await site.visit(browser);
    page.on("dialog", (dialog) => said.push(`dialog ${dialog.message()}`));
    for (const path of PATHS) {
      const answer = await page.goto(site.url + path);
      expect((await answer?.body())?.length, path).toBeLessThan(250_000);
      await page.waitForLoadState("load");
      const { unsafe, over, hacked } = await page.evaluate(look);
      expect([path, unsafe, over, hacked]).toEqual([path, [], 0, false]);
    }
    const refusals = said.filter((text) => !/status of (404|422)/.test(text));
    expect(refusals).toEqual([]);
  });

  test.each([1280, 360])("are no finding of axe on a task, %p pixels wide", async (width) => {
    await using site = await Shop.with(MODELS);
    const text = JSON.stringify([`${EVIL}${"y".repeat(10_000)}`]);
    await site.push("fail", text);
    await site.push("say", text);
    await site.becomes(1, "failed");
    await site.becomes(2, "finished");
    const { page } = await site.visit(browser, "/", { viewport: { width, height: 700 } });
    for (const path of ["/tasks", "/tasks/1", "/tasks/2", "/failed"]) {
      await page.goto(site.url + path);
      expect([path, await findings(page)]).toEqual([path, []]);
    }
  });

  test("are no finding of axe, with a hundred queues of long names", async () => {
    await using site = await Shop.with(MODELS);
    using database = site.connect();
    const push = database.query(PUSH);
    for (let n = 0; n < 100; n++) {
      push.run({ ...NONE, model: "say", queue: `${EVIL}-${n}-${"long-name-".repeat(10)}` });
    }
    const { page } = await site.visit(browser, "/queues");
    for (const path of ["/", "/queues", "/tasks"]) {
      await page.goto(site.url + path);
      expect(await findings(page)).toEqual([]);
      expect((await page.evaluate(look)).over).toBe(0);
    }
  });
});

const NONE = {
  model: "say",
  method: null,
  instances: null,
  args: "[]",
  context: null,
  queue: "default",
  ref: null,
} as const;

/** The faults of the page: characters that act, its width, and a script that has run. */
function look() {
  const texts = [document.title, document.body.innerText];
  for (const element of document.querySelectorAll("[title], [aria-label]")) {
    texts.push(element.getAttribute("title") ?? "", element.getAttribute("aria-label") ?? "");
  }
  const { scrollWidth, clientWidth } = document.documentElement;
  return {
    unsafe: texts.flatMap((text) => text.match(/(?![\t\n])[\p{Cc}\p{Bidi_Control}]/gu) ?? []),
    over: Math.max(0, scrollWidth - clientWidth),
    hacked: "hacked" in globalThis || document.querySelector("main img, main script") !== null,
  };
}
