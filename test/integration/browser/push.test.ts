/** The form that pushes a task, in a real browser: a field for each argument, from the types of the models. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser } from "playwright-core";
import { needs } from "../../support/needs.ts";
import { findings, launch, Shop } from "./browser.ts";

setDefaultTimeout(60_000);

const MODELS = `
import { Model, task } from "tq";
type Paper = "A4" | "A5";
export class Label extends Model {
  static __name__ = "label";
  static async print(_labels: Label[], to: string, copies: number, urgent: boolean, paper: Paper,
                     tags: readonly string[], size: { width: number } | null, note?: string | null) {
    return { to, copies, urgent, paper, tags, size, note };
  }
  async reprint(copies = 1) { return copies; }
}
const wrapped = (fn: (a: string, b: number) => unknown) => (...all: [string, number]) => fn(...all);
export const any = task("any", wrapped((a, b) => [a, b]));
export const wide = task("wide", async (
  aVeryLongNameOfAnArgumentThatNobodyWouldWriteByHandButAGeneratorWould: string, معامل: number,
) => [aVeryLongNameOfAnArgumentThatNobodyWouldWriteByHandButAGeneratorWould, معامل]);
`;

const PHONE = { viewport: { width: 360, height: 740 } };

needs("chromium").describe("the form of a push", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(async () => browser.close());

  test.each([true, false])(
    "has a field for each argument, from its choice to its result; with JavaScript: %p",
    async (javaScriptEnabled) => {
      await using site = await Shop.with(MODELS);
      const { page, said } = await site.visit(browser, "/push", { javaScriptEnabled, ...PHONE });
      await page.getByLabel("Method or function").selectOption("label.print");
      await page.getByRole("button", { name: "Next" }).click();
      await page.getByLabel("Records").fill("7");
      await page.getByLabel("to string").fill("the office");
      await page.getByLabel("copies number").fill("2.5");
      await page.getByLabel("urgent boolean").check();
      await page.getByLabel("paper").selectOption("A5");
      await page.getByLabel("tags").fill('["x", 1]');
      await page.getByLabel("size").fill('{"width": 3}');
      await page.getByRole("button", { name: "Push" }).click();
      const fault = "It must be a list of texts";
      await page.getByText("Nothing is pushed: one field needs a change.").waitFor();
      const tags = page.getByLabel("tags");
      const described = await tags.getAttribute("aria-describedby");
      expect(await page.locator(`[id="${described}"]`).textContent()).toContain(fault);
      expect(await tags.inputValue()).toBe('["x", 1]');
      expect(await page.getByLabel("urgent boolean").isChecked()).toBe(true);
      expect(await page.getByLabel("paper").inputValue()).toBe('"A5"');
      await tags.fill('["x"]');
      await page.getByRole("button", { name: "Push" }).click();
      await page.getByRole("heading", { name: "Task 1" }).waitFor();
      const { result } = await site.becomes(1, "finished");
      const args = { to: "the office", copies: 2.5, urgent: true, paper: "A5" };
      expect(JSON.parse(result ?? "")).toEqual({ ...args, tags: ["x"], size: { width: 3 } });
      expect(said.filter((text) => !text.includes("422"))).toEqual([]);
    },
  );

  test("runs a task again from its fields, and from its JSON", async () => {
    await using site = await Shop.with(MODELS);
    const args = '["a\\nb", 1, false, "A4", [], null]';
    const [id = 0] = await site.push("label", "print", "7", "--args", args);
    await site.becomes(id, "finished");
    const { page, said } = await site.visit(browser, `/tasks/${id}`);
    await page.getByRole("link", { name: "Run again with changes…" }).click();
    expect(await page.getByLabel("to string").inputValue()).toBe("a\nb");
    await page.getByLabel("copies number").fill("7");
    await page.getByRole("button", { name: "Write the arguments as JSON" }).click();
    const json = page.getByLabel("Arguments, a JSON list");
    expect(await json.inputValue()).toBe('["a\\nb",7,false,"A4",[],null]');
    await json.fill('["c",8,false,"A4",[],null]');
    await page.getByRole("button", { name: "Use a field for each argument" }).click();
    expect(await page.getByLabel("copies number").inputValue()).toBe("8");
    await page.getByRole("button", { name: "Push" }).click();
    await page.getByRole("heading", { name: `Task ${id + 1}` }).waitFor();
    const { result } = await site.becomes(id + 1, "finished");
    expect(JSON.parse(result ?? "")).toMatchObject({ to: "c", copies: 8 });
    expect(said).toEqual([]);
  });

  test("has the JSON field where nothing is known", async () => {
    await using site = await Shop.with(MODELS);
    const { page } = await site.visit(browser, "/push?call=any");
    await page.getByLabel("Arguments, a JSON list").fill('["a", 1]');
    await page.getByRole("button", { name: "Push" }).click();
    await page.getByRole("heading", { name: "Task 1" }).waitFor();
    expect((await site.becomes(1, "finished")).result).toBe('["a",1]');
  });

  test.each(["label print", "label reprint", "any", "wide"])(
    "of %p fits a phone, and has no finding of axe",
    async (call) => {
      await using site = await Shop.with(MODELS);
      const path = `/push?call=${encodeURIComponent(call).replaceAll("%20", "+")}`;
      for (const colorScheme of ["light", "dark"] as const) {
        const { page } = await site.visit(browser, path, { ...PHONE, colorScheme });
        const over = await page.evaluate(() => {
          const { scrollWidth, clientWidth } = document.documentElement;
          return scrollWidth - clientWidth;
        });
        expect(over).toBeLessThanOrEqual(0);
        expect(await findings(page)).toEqual([]);
        await page.getByRole("button", { name: "Push" }).click();
        expect(await findings(page)).toEqual([]); // where something is wrong, too
        await page.context().close();
      }
    },
  );
});
