/** The executable as a service of systemd: what it tells systemd, and how its log goes to the journal. */
import { expect, test } from "bun:test";
import { needs } from "../support/needs.ts";
import { eventually } from "./support/eventually.ts";
import { siteWithModels } from "./support/models.ts";
import { type Site, TQ } from "./support/site.ts";

/** A socket as systemd has it: prints each message as a line of JSON. */
const LISTENER = `import json, socket, sys
path = sys.argv[1]
box = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
box.bind("\\0" + path[1:] if path[0] == "@" else path)
print("[]", flush=True)
while True: print(json.dumps(box.recv(4096).decode().split("\\n")), flush=True)`;

async function listener(site: Site, path: string) {
  const running = site.spawn(["python3", "-c", LISTENER, path]);
  await eventually("it listens", () => running.stdout !== "");
  const heard = () => {
    const whole = running.stdout.split("\n").slice(0, -1); // the last line may not be whole
    return whole.flatMap((line) => JSON.parse(line) as string[]);
  };
  const hears = async (words: string): Promise<string> =>
    eventually(`systemd hears ${words}`, () => heard().find((line) => line.startsWith(words)));
  return { hears };
}

needs("python3", "Linux").describe("a worker under systemd", () => {
  for (const [kind, pathIn] of [
    ["a file", (site: Site) => site.file("notify")],
    ["no file", (site: Site) => `@tq-${site.path}`],
  ] as const) {
    test(`tells a socket of ${kind} that it is ready, that it lives, and that it stops`, async () => {
      await using site = siteWithModels();
      const path = pathIn(site);
      const { hears } = await listener(site, path);
      const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: "400000", TQ_WORKER__GRACE: "7s" };
      const worker = site.start(["worker", "-n", "1"], { env });
      await hears("READY=1");
      await hears("WATCHDOG=1");
      worker.kill("SIGTERM");
      await hears("STOPPING=1");
      expect(await hears("EXTEND_TIMEOUT_USEC")).toBe("EXTEND_TIMEOUT_USEC=17000000");
      expect((await worker.ended()).code).toBe(0);
    });
  }

  test("does not hand its socket to the programs of tasks", async () => {
    await using site = siteWithModels();
    site.write(
      "models.ts",
      `import { spawnSync } from "node:child_process";
      import { task } from "tq";
      export const look = task("look", () => [
        ...Object.keys(process.env),
        ...spawnSync("env", { encoding: "utf8" }).stdout.split("\\n"),
      ].filter((name) => /NOTIFY|WATCHDOG/.test(name)));`,
    );
    const { hears } = await listener(site, site.file("notify"));
    const env = { NOTIFY_SOCKET: site.file("notify"), WATCHDOG_USEC: "60000000" };
    await site.worker(["-n", "1"], { env });
    await hears("READY=1");
    const [id = 0] = await site.push("look");
    expect((await site.becomes(id, "finished")).result).toBe("[]");
  });

  test("tells that tq serve listens", async () => {
    await using site = siteWithModels();
    const { hears } = await listener(site, site.file("notify"));
    const env = { NOTIFY_SOCKET: site.file("notify") };
    const serving = site.start(["serve", "--listen", "127.0.0.1:0"], { env });
    expect(await hears("STATUS")).toContain("Serves the API on http://127.0.0.1:");
    serving.kill("SIGTERM");
    await hears("STOPPING=1");
    expect((await serving.ended()).code).toBe(0);
  });
});

/** Starts tq with a file as standard error that JOURNAL_STREAM names, as it does the socket of the journal. */
const JOURNAL = `exec 2> journal; export JOURNAL_STREAM=$(stat -Lc %d:%i journal); exec "$0" "$@"`;

needs("Linux").test("in the journal each line begins with how urgent it is", async () => {
  await using site = siteWithModels();
  const env = { TQ_LOG__FORMAT: "text", TQ_LOG__LEVEL: "info" };
  const good = await site.pushOne("job", "add", "1");
  const bad = await site.pushOne("job", "fail", "2");
  const worker = site.spawn(["sh", "-c", JOURNAL, TQ, "worker", "-n", "1"], { env });
  await site.becomes(good, "finished");
  await site.becomes(bad, "failed");
  worker.kill("SIGTERM");
  await worker.ended();
  const lines = site.read("journal").trimEnd().split("\n");
  expect(lines.filter((line) => !/^<[346]>2/.test(line))).toEqual([]);
  expect(lines.find((line) => line.includes(`task ${bad} failed`))).toStartWith("<3>");
  expect(lines.find((line) => line.includes(`task ${good} finished`))).toStartWith("<6>");
});

needs("Linux").test("in the journal the error that ends a worker is one", async () => {
  await using site = siteWithModels();
  site.write("models.ts", "export const = 1;");
  const { code } = await site.spawn(["sh", "-c", JOURNAL, TQ, "worker"]).ended();
  expect(code).toBe(7);
  expect(site.read("journal")).toMatch(/^<3>.*Cannot load models/m);
});
