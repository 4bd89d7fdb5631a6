/** `tq alert`, and the settings of alerts. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Folder } from "./tq.ts";

const withAlert = (lines: string) => {
  const folder = new Folder();
  folder.write("tq.toml", `[alert]\n${lines}\n`);
  return folder;
};

/** Counts the requests, and answers each with this status. */
function serve(status: number) {
  let requests = 0;
  const fetch = () => (requests++, new Response(null, { status }));
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch });
  const url = `http://shop:secret@127.0.0.1:${server.port}/hook/secret?key=secret`;
  return { url, requests: () => requests, [Symbol.asyncDispose]: () => server.stop(true) };
}

test("a test alert goes each way, needs no database, and says what became of it", async () => {
  await using server = serve(200);
  await using folder = withAlert(
    `command = 'echo "$TQ_ALERT_KIND $TQ_ALERT_COUNT" > told.txt'\nurl = "${server.url}"`,
  );
  const { code, stdout } = await folder.tq("alert");
  expect(stdout).toMatch(/^command: sent in .+\nurl: sent in .+\n$/);
  expect(code).toBe(0);
  expect(readFileSync(folder.file("told.txt"), "utf8")).toBe("test 0\n");
  expect(server.requests()).toBe(1);
});

test("a test alert that one way refuses says why, without a secret, and exits with 1", async () => {
  await using server = serve(404);
  await using folder = withAlert(`command = ["sh", "-c", "exit 3"]\nurl = "${server.url}"`);
  const { code, stdout, stderr } = await folder.tq("alert", "--json");
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject([
    { channel: "command", sent: false, reason: "it exited with 3" },
    { channel: "url", sent: false, reason: expect.stringContaining("/… answered 404") as unknown },
  ]);
  expect(stdout + stderr).not.toContain("secret");
});

test("what a command prints and a server answers cannot act on the terminal, nor fill it", async () => {
  const answer = "no \x1b]0;title\x07\x1b[2J";
  const fetch = () => new Response(answer, { status: 404 });
  using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch });
  const flood = "yes | head -1000; printf 'a\\033[31mb\\rc'; exit 3";
  await using folder = withAlert(
    `command = ${JSON.stringify(flood)}\nurl = "http://127.0.0.1:${server.port}"`,
  );
  const { code, stdout } = await folder.tq("alert");
  expect(code).toBe(1);
  expect(stdout).toContain("it exited with 3; it printed:");
  expect(stdout).toContain("a\\x1b[31mb\\rc");
  expect(stdout).toContain("answered 404: no \\x1b]0;title\\x07\\x1b[2J");
  expect(stdout).not.toMatch(/[^\P{Cc}\n]/u);
  expect(stdout.split("\n").length).toBeLessThan(15);
});

test("a test alert says which failures are told, as it shows only the way", async () => {
  await using folder = withAlert(
    `command = "true"\ntasks = ["label.*"]\nqueues = ["mial", "print"]`,
  );
  const { code, stderr } = await folder.tq("alert");
  expect([code, stderr]).toEqual([
    0,
    "tq: Only failures of label.* in the queues mial, print are told, as [alert] says; tq worker warns of names that fit nothing\n",
  ]);
});

test("without a way to tell, a test alert says what to write", async () => {
  await using folder = new Folder();
  const { code, stderr } = await folder.tq("alert");
  expect(code).toBe(2);
  expect(stderr).toContain('write command = "…" or url = "…" into its section [alert]');
});

test("tq config shows a URL without its secrets, and a command as it was written", async () => {
  await using folder = withAlert(
    'command = ["mail", "-s", "tq"]\nurl = "https://shop:hush@chat.example/hooks/hush?key=hush"',
  );
  for (const flags of [[], ["--json"]]) {
    const { stdout } = await folder.tq("config", ...flags);
    expect(stdout).toContain("https://chat.example/…");
    expect(stdout).not.toContain("hush");
  }
  expect((await folder.tq("config")).stdout).toContain('["mail","-s","tq"]');
});

test("a wrong URL is refused without being shown, a wrong command with what it must be", async () => {
  await using folder = withAlert(
    'url = "ftp://shop:secret@chat.example"\ncommand = []\nevery = "1ms"',
  );
  const { code, stderr } = await folder.tq("config");
  expect(code).toBe(2);
  expect(stderr).toContain(
    '[alert] url cannot be this: it must be a URL that begins with "https://"',
  );
  expect(stderr).toContain("[alert] command cannot be []: it must be a command as text, or a list");
  expect(stderr).toContain('[alert] every cannot be "1ms"');
  expect(stderr).not.toContain("secret");
});

test("the environment may say a command as text or as a list", async () => {
  await using folder = new Folder();
  const said = async (text: string) => {
    const { stdout } = await folder.tqWith(
      { env: { TQ_ALERT__COMMAND: text } },
      "config",
      "--json",
    );
    const all = JSON.parse(stdout) as { key: string; value: unknown }[];
    return all.find(({ key }) => key === "alert.command")?.value;
  };
  expect(await said("mail -s tq")).toBe("mail -s tq");
  expect(await said('["mail", "-s", "tq"]')).toEqual(["mail", "-s", "tq"]);
  expect(await said("[ -e x ] || mail")).toBe("[ -e x ] || mail");
});
