/** The definitions of a service for macOS and Windows. */
import { expect, test } from "bun:test";
import { logOf, plistOf, runsOf } from "../../../cli/service/launchd/plist.ts";
import { launchd } from "../../../cli/service/launchd/manager.ts";
import { scheduledTaskOf } from "../../../cli/service/windows/task.ts";
import { needs } from "../../support/needs.ts";
import { plan } from "./support.ts";

const ODD = '/srv/a & <b> "c"';
const COMMAND = ["/usr/local/bin/tq", "-c", `${ODD}/tq.toml`, "worker"];

function python(program: string, input: string): unknown {
  const { stdout, stderr } = Bun.spawnSync(["python3", "-c", program], {
    stdin: Buffer.from(input),
  });
  if (stderr.length > 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString());
}

needs("python3").test("the file for macOS is a property list with the whole service", () => {
  const text = plistOf(plan({ command: COMMAND, folder: ODD, grace: 5_000 }));
  const read =
    "import json, plistlib, sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))";
  expect(python(read, text)).toEqual({
    Label: "tq-shop",
    ProgramArguments: COMMAND,
    WorkingDirectory: ODD,
    UserName: "shop",
    RunAtLoad: true,
    KeepAlive: true,
    ThrottleInterval: 5,
    ExitTimeOut: 15,
    StandardOutPath: "/srv/shop/queue/tq-shop.log",
    StandardErrorPath: "/srv/shop/queue/tq-shop.log",
  });
});

test("a service of macOS is read from its file as it was written into it", () => {
  const text = plistOf(plan({ command: COMMAND, folder: ODD }));
  expect(runsOf(text)).toEqual({ command: COMMAND, folder: ODD });
  expect(logOf(text)).toBe("/srv/shop/queue/tq-shop.log");
});

needs("python3").test("what a user of Windows is given is XML with the whole task", () => {
  const command = ["C:\\Program Files\\tq.exe", "-c", "C:\\a shop\\", 'say "x\\"', "worker"];
  const text = scheduledTaskOf(plan({ scope: "user", command, folder: ODD }));
  const read = `import json, sys, xml.etree.ElementTree as tree
exec = tree.fromstring(sys.stdin.read()).find('.//{*}Exec')
print(json.dumps([part.text for part in exec]))`;
  const args = String.raw`-c "C:\a shop\\" "say \"x\\\"" worker`;
  expect(python(read, text)).toEqual([command[0], args, ODD]);
});

test("launchd is asked to forget a service before it takes it up again", () => {
  const calls: string[] = [];
  const run = (command: readonly string[]) => {
    calls.push(command.join(" "));
    return { code: 0, stdout: "", stderr: "" };
  };
  launchd("system", run).restart("tq-shop");
  expect(calls).toEqual([
    "launchctl bootout system/tq-shop",
    "launchctl enable system/tq-shop",
    "launchctl bootstrap system /Library/LaunchDaemons/tq-shop.plist",
  ]);
});

test.each([
  ["state = running\n\truns = 3\n\tpid = 41\n\tlast exit code = 7", 0, "running", ""],
  ["state = not running\n\tlast exit code = (never exited)", 0, "starting", ""],
  ["state = spawn scheduled\n\tlast exit code = 7", 0, "restarting", "it ended with 7"],
  ["", 113, "stopped", ""],
])("the state of a service of macOS is what launchctl prints: %j", (text, code, state, words) => {
  const stdout = `tq-shop = {\n\t${text}\n}`;
  expect(launchd("system", () => ({ code, stdout, stderr: "" })).state("tq-shop")).toMatchObject({
    state,
    words,
  });
});
