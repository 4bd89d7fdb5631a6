/** Secrets that are marked, against the built binary: each surface that shows tasks is asked, and none shows one. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { MASK } from "../../src/redaction/secrets.ts";
import { ok, receive } from "../support/receiver.ts";
import { until } from "../support/until.ts";
import { ARGS, MODELS, SECRETS, TOML } from "./secrets-shop.ts";
import type { Running } from "./support/running.ts";
import { Site } from "./support/site.ts";

setDefaultTimeout(60_000);

const receiver = receive(ok);
const site = new Site();
const ids: Record<string, number> = {};
let worker: Running;
let url = "";
let token = "";

beforeAll(async () => {
  site.write("models.ts", MODELS);
  site.write("tq.toml", TOML(receiver.url));
  worker = await site.worker(["-n", "1", "--admin", "--listen", "127.0.0.1:0"]);
  url = String((await worker.says("admin.listening"))["url"]);
  token = site.read("tq.token").trim();
  const context = ["--context", JSON.stringify({ key: SECRETS.ofContext })];
  for (const method of ["charge", "refuse", "stray", "late", "slow"]) {
    ids[method] = await site.pushOne("card", method, "1", "--args", ARGS, ...context);
  }
  ids["crash"] = await site.pushOne("card", "crash", "1", "--args", ARGS);
  const options = JSON.stringify([{ code: SECRETS.byFunction }, SECRETS.byPlace]);
  const [call = 0] = await site.push("call", options);
  ids["call"] = call;
  await site.run("cron", "edit", "nightly", "--args", ARGS.replace("Ann", "Bob"));
  await site.becomes(idOf("charge"), "finished");
  for (const name of ["refuse", "crash", "call", "slow"]) await site.becomes(idOf(name), "failed");
  await until(
    () =>
      expect(worker.stderr).toMatch(/task\.stray|left this promise behind|not known which task/),
    10_000,
  );
  await until(() => expect(worker.count("thread.replaced")).toBeGreaterThanOrEqual(1), 10_000);
  await until(
    () => expect(site.has("alerts.txt") && site.read("alerts.txt")).toContain("call"),
    10_000,
  );
  await until(() => expect(receiver.received.length).toBeGreaterThan(3), 10_000);
});

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

function idOf(name: string): number {
  return ids[name] ?? 0;
}

async function command(...args: string[]): Promise<string> {
  const { stdout, stderr } = await site.run(...args);
  return stdout + stderr;
}

async function fetched(path: string, init: RequestInit = {}): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, ...(init.headers as object) };
  const response = await fetch(`${url}${path}`, { ...init, headers });
  return response.text();
}

let cookie = "";

async function page(path: string): Promise<string> {
  if (cookie === "") {
    const body = new URLSearchParams({ token, to: "/" });
    const answer = await fetch(`${url}/sign-in`, { method: "POST", body, redirect: "manual" });
    cookie = (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  }
  const response = await fetch(`${url}${path}`, { headers: { cookie } });
  expect(response.status).toBe(200);
  return response.text();
}

async function events(): Promise<string> {
  const reader = await fetch(`${url}/api/v1/events`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const stream = reader.body?.getReader();
  const again = fetched(`/api/v1/tasks/${idOf("refuse")}/retry`, { method: "POST" });
  let text = "";
  const decoder = new TextDecoder();
  while (stream && !text.includes("cannot charge")) {
    const { value, done } = await stream.read();
    if (done) break;
    text += decoder.decode(value);
  }
  await stream?.cancel();
  await again;
  return text;
}

const tasksOf = (make: (id: string) => Promise<string>) => async () =>
  (await Promise.all(Object.values(ids).map((id) => make(String(id))))).join("\n");

/** Each with a text that it has in any case, so that an empty answer is none. */
const SURFACES: readonly (readonly [name: string, show: () => Promise<string>, has: string])[] = [
  ["tq list", () => command("list", "--json"), "Ann Public"],
  ["tq show", tasksOf((id) => command("show", id)), "cannot charge"],
  ["tq show --json", tasksOf((id) => command("show", id, "--json")), "cannot charge"],
  ["tq logs", tasksOf((id) => command("logs", id)), "printed"],
  ["tq logs --json", tasksOf((id) => command("logs", id, "--json")), "printed"],
  ["tq why", tasksOf((id) => command("why", id)), "cannot charge"],
  ["tq why --json", tasksOf((id) => command("why", id, "--json")), "cannot charge"],
  ["tq watch --json", tasksOf((id) => command("watch", id, "--json")), "cannot charge"],
  ["tq status --json", () => command("status", "--json"), "workers"],
  ["tq stats --json", () => command("stats", "--json"), "groups"],
  ["tq config", () => command("config"), "card.number"],
  ["tq cron list --json", () => command("cron", "list", "--json"), "Bob Public"],
  [
    "tq cron edit",
    () => command("cron", "edit", "nightly", "--args", ARGS.replace("Ann", "Cleo"), "--json"),
    "Cleo Public",
  ],
  ["tq cron explain --json", () => command("cron", "explain", "nightly", "--json"), "nightly"],
  ["tq cron history --json", () => command("cron", "history", "nightly", "--json"), "["],
  ["tq cron run --json", () => command("cron", "run", "nightly", "--json"), "Cleo Public"],
  [
    "tq push --json",
    () => command("push", "card", "charge", "1", "--args", ARGS, "--json"),
    "Ann Public",
  ],
  [
    "tq push --wait",
    () => command("push", "card", "refuse", "1", "--args", ARGS, "--wait"),
    "cannot charge",
  ],
  ["tq try", () => command("try", "card", "charge", "1", "--args", ARGS, "--yes"), "password"],
  [
    "tq try --json",
    () => command("try", "card", "charge", "1", "--args", ARGS, "--yes", "--json"),
    "password",
  ],
  [
    "tq try of a task that fails",
    () => command("try", String(idOf("refuse")), "--yes"),
    "cannot charge",
  ],
  ["tq retry --json", () => command("retry", String(idOf("call")), "--json"), "call"],
  [
    "tq delete --dry-run",
    () => command("delete", "--state", "failed", "--dry-run", "--json"),
    "Ann Public",
  ],
  [
    "tq --url show",
    () =>
      command(
        "show",
        String(idOf("refuse")),
        "--json",
        "--url",
        url,
        "--token-file",
        site.file("tq.token"),
      ),
    "cannot charge",
  ],
  ["/api/tasks", () => fetched("/api/tasks?limit=100"), "Ann Public"],
  ["/api/tasks/ID", tasksOf((id) => fetched(`/api/tasks/${id}`)), "cannot charge"],
  ["/api/v1/tasks", () => fetched("/api/v1/tasks?limit=100"), "Ann Public"],
  ["/api/v1/tasks/ID", tasksOf((id) => fetched(`/api/v1/tasks/${id}`)), "cannot charge"],
  ["/api/v1/tasks/ID/log", tasksOf((id) => fetched(`/api/v1/tasks/${id}/log`)), "printed"],
  ["/api/v1/tasks/ID/why", tasksOf((id) => fetched(`/api/v1/tasks/${id}/why`)), "cannot charge"],
  ["/api/v1/tasks/ID/result", tasksOf((id) => fetched(`/api/v1/tasks/${id}/result`)), MASK],
  ["/api/v1/cron", () => fetched("/api/v1/cron"), "Cleo Public"],
  ["/api/v1/cron/NAME", () => fetched("/api/v1/cron/nightly"), "Cleo Public"],
  ["/api/v1/statistics", () => fetched("/api/v1/statistics"), "groups"],
  ["the page of settings", () => page("/settings"), "nightly.args"],
  ["/api/v1/workers", () => fetched("/api/v1/workers"), "["],
  ["/api/v1/settings", () => fetched("/api/v1/settings"), "card.number"],
  ["/api/v1/events", events, "cannot charge"],
  ["/metrics", () => fetched("/metrics"), "tq_"],
  ["the page of tasks", () => page("/tasks"), "card"],
  ["the pages of one task", tasksOf((id) => page(`/tasks/${id}`)), "cannot charge"],
  ["the page of failures", () => page("/failed"), "cannot charge"],
  ["the form of a task that is run again", tasksOf((id) => page(`/push?task=${id}`)), MASK],
  ["the page of a recurring task", () => page("/recurring/nightly"), "nightly"],
  ["the overview", () => page("/"), "Overview"],
  [
    "the worker's log and what it prints",
    async () => worker.stderr + worker.stdout,
    "cannot charge",
  ],
  ["alerts", async () => site.read("alerts.txt"), "cannot charge"],
  ["webhooks", async () => receiver.received.map(({ body }) => body).join("\n"), "Ann Public"],
  [
    "what onFailed gets",
    async () => JSON.stringify(site.all("SELECT args FROM tq_tasks WHERE method = 'told'")),
    "cannot charge",
  ],
];

describe("no secret is shown by", () => {
  test("what a listener of a signal throws", async () => {
    expect(worker.stderr).toContain(
      "a listener of its signal failed: Error: cannot charge [redacted]",
    );
  });

  test.each(SURFACES)("%s", async (_name, show, has) => {
    const shown = await show();
    expect(shown).toContain(has);
    for (const secret of Object.values(SECRETS)) {
      expect(shown).not.toContain(secret);
      for (const form of [encodeURIComponent(secret), String(new URLSearchParams({ secret }))]) {
        expect(shown.toLowerCase()).not.toContain(form.replace(/^secret=/, "").toLowerCase());
      }
    }
  });
});

test("what is stored, and what a task gets, stays as it is", () => {
  const { args, result, context } = site.one<Record<"args" | "result" | "context", string>>(
    `SELECT args, result, context FROM tq_tasks WHERE id = ${idOf("charge")}`,
  );
  expect(JSON.parse(args)).toEqual(JSON.parse(ARGS));
  expect(context).toContain(SECRETS.ofContext);
  expect(result).toContain(SECRETS.ofResult);
  const { password } = site.one<{ password: string }>("SELECT password FROM account");
  expect(password).toBe(SECRETS.byToml);
});

describe("a search is no way to guess a secret:", () => {
  test.each([
    "args.password",
    "args.0.password",
    "args.card.number",
    "context.key",
    "result.token",
  ])("%s is refused", async (path) => {
    const where = encodeURIComponent(`${path}=x`);
    const answer = await fetched(`/api/v1/tasks?where=${where}`);
    expect(answer).toContain("marked secret");
    expect(await command("list", `${path}=x`)).toContain("marked secret");
  });

  test.each([
    ["args_have", SECRETS.byToml.slice(0, 5)],
    ["args_have", SECRETS.byPlace],
    ["reason_has", SECRETS.byModel],
    ["error", `Error: call ${SECRETS.byFunction} ${SECRETS.byPlace}`],
    ["where", `args.1=${SECRETS.byPlace}`],
    ["where", `args.url~${SECRETS.byToml}`],
    ["where", `result.said=${SECRETS.byToml}`],
  ])("%s=%s finds nothing", async (field, value) => {
    const query = new URLSearchParams({ [field]: value });
    expect(JSON.parse(await fetched(`/api/v1/tasks?${query}`))).toMatchObject({ tasks: [] });
    query.set("state", "finished,failed");
    query.set("dry_run", "true");
    const moved = await fetched(`/api/v1/tasks/retry?${query}`, { method: "POST" });
    expect(JSON.parse(moved)).toMatchObject({ matched: 0 });
  });

  test("the masked error that is shown finds its tasks", async () => {
    const query = new URLSearchParams({ error: `Error: call ${MASK} ${MASK}` });
    const { tasks } = JSON.parse(await fetched(`/api/v1/tasks?${query}`)) as { tasks: unknown[] };
    expect(tasks).toMatchObject([{ id: idOf("call") }]);
  });

  test("what is no secret is found as ever", async () => {
    const query = new URLSearchParams({
      where: "args.card.holder=Ann Public",
      args_have: "ann pub",
    });
    const { tasks } = JSON.parse(await fetched(`/api/v1/tasks?${query}`)) as { tasks: unknown[] };
    expect(tasks.length).toBeGreaterThan(3);
  });
});
