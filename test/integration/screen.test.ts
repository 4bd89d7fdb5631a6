/** The executable where people type and look: completion, the manual page, and `tq top`. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Site } from "./support/site.ts";

setDefaultTimeout(60_000);

const MODELS = `
import { Model } from "tq";
console.log("loaded");
export class Sale extends Model {
  static __name__ = "sale";
  static async process() {}
}`;

/** A busy machine may take long to load the models. */
const PATIENT = { env: { TQ_COMPLETION_PATIENCE: "60s" } };

test("the executable completes the models of a folder that has no database", async () => {
  await using site = new Site();
  site.write("models.ts", MODELS);
  const answer = async (...words: string[]) =>
    (await site.start(["completions", "bash", ...words], PATIENT).ended()).stdout;
  expect(await answer("push", "")).toBe("words\nsale\n");
  expect(await answer("push", "sale", "")).toBe("words\nprocess\n");
  expect(site.has("tq.db")).toBe(false);
});

test("the executable carries the scripts of all shells, and the manual page", async () => {
  await using site = new Site();
  for (const [shell = "", start] of [
    ["bash", "# Completion of tq for bash"],
    ["zsh", "#compdef tq\n"],
    ["fish", "# Completion of tq for fish"],
    ["powershell", "# Completion of tq for PowerShell"],
  ]) {
    const { code, stdout } = await site.run("completions", shell);
    expect([code, stdout]).toEqual([0, expect.stringContaining(start ?? "")]);
  }
  expect((await site.run("man")).stdout).toStartWith('.TH "TQ" 1 ');
});

test("tq top of the executable shows the tasks that its worker runs", async () => {
  await using site = new Site();
  site.write("models.ts", MODELS.replace("process() {}", "process() { await Bun.sleep(1e6); }"));
  await site.push("sale", "process", "7");
  await site.worker(["--threads", "2"]);
  for (;;) {
    const { stdout, code } = await site.run("top");
    expect(code).toBe(0);
    if (!stdout.includes("sale.process")) continue;
    expect(stdout).toContain("1 running");
    expect(stdout).toContain("1 worker, 1/2 threads busy");
    return;
  }
});
