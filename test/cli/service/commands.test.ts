/** `tq service` with a systemctl of the test. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { systemd } from "../../../cli/service/systemd/manager.ts";
import { needs } from "../../support/needs.ts";
import { AS_ANOTHER_USER } from "../../support/tools.ts";
import { CRASHING, ServiceFolder } from "./support.ts";

const START = [
  "daemon-reload",
  "enable --quiet tq-shop.service",
  "start --no-block tq-shop.service",
];

test("install writes the unit, has it start with the machine, and starts it", async () => {
  await using folder = new ServiceFolder();
  const { code, stdout } = await folder.service("install");
  expect(code).toBe(0);
  expect(stdout).toStartWith(
    "tq-shop is installed: running, pid 41, since 2026-11-30 01:18:48, Runs tasks\n",
  );
  expect(folder.calls).toEqual(START);
  expect(readFileSync(folder.unit, "utf8")).toEndWith("WantedBy=default.target\n");
});

test("a second install changes nothing", async () => {
  await using folder = new ServiceFolder();
  await folder.service("install");
  const { code, stdout } = await folder.service("install");
  expect(code).toBe(0);
  expect(stdout).toStartWith("tq-shop was installed already: running");
  expect(folder.calls).toEqual(START);
});

test("a second install with other flags is refused", async () => {
  await using folder = new ServiceFolder();
  await folder.service("install");
  const { code, stderr } = await folder.service("install", "--queue", "mail");
  expect(code).toBe(4);
  expect(stderr).toContain("tq service remove takes it away first; --name takes another name");
});

test("a unit that tq has not made is neither replaced nor removed", async () => {
  await using folder = new ServiceFolder();
  await folder.service("install");
  writeFileSync(folder.unit, "[Service]\n");
  const install = await folder.service("install");
  expect(install.code).toBe(4);
  expect(install.stderr).toContain("is there already, and tq has not made it");
  expect((await folder.service("remove")).code).toBe(4);
  expect(readFileSync(folder.unit, "utf8")).toBe("[Service]\n");
});

test("install says what the log says where the worker does not start", async () => {
  await using folder = new ServiceFolder();
  folder.write("bin/after", CRASHING);
  const { code, stdout } = await folder.service("install");
  expect(code).toBe(1);
  expect(stdout).toContain("tq-shop is installed: restarting, started again 2 times");
  expect(stdout).toContain("it ended with exit code 7");
  expect(stdout).toEndWith("It says:\n  tq: Cannot load models\n");
});

test("install waits for the end of a worker that stops as it starts", async () => {
  await using folder = new ServiceFolder();
  folder.write("bin/after", "ActiveState=activating\nSubState=start\nStatusText=Stops\n");
  folder.write("bin/later", CRASHING);
  const { code, stdout } = await folder.service("install");
  expect(code).toBe(1);
  expect(stdout).toContain("it ended with exit code 7");
});

test("a unit that systemd refuses is taken away again", async () => {
  await using folder = new ServiceFolder();
  folder.write("bin/refuse", "");
  const { code, stderr } = await folder.service("install");
  expect(code).toBe(4);
  expect(stderr).toContain("failed: Failed to start: no");
  expect(existsSync(folder.unit)).toBe(false);
});

test("remove stops the service before it takes the unit away", async () => {
  await using folder = new ServiceFolder();
  await folder.service("install");
  const { code, stdout } = await folder.service("remove");
  expect(code).toBe(0);
  expect(stdout).toBe("tq-shop is stopped and removed; its tasks wait\n");
  expect(folder.calls.slice(START.length)).toEqual([
    "disable --quiet --now tq-shop.service",
    "daemon-reload",
    "reset-failed tq-shop.service",
  ]);
  expect(existsSync(folder.unit)).toBe(false);
});

test.each(["status", "remove"])("%s names the services that are there", async (command) => {
  await using folder = new ServiceFolder();
  await folder.service("install");
  const { code, stderr } = await folder.service(command, "--name", "nix");
  expect(code).toBe(3);
  expect(stderr).toContain("There is no service tq-nix");
  expect(stderr).toContain("tq has made tq-shop; --name names one, without tq-");
});

test("status exits with 0 while the service runs, and with 1 otherwise", async () => {
  await using folder = new ServiceFolder();
  await folder.service("install");
  const running = await folder.service("status", "--json");
  expect(running.code).toBe(0);
  expect((await folder.service("status")).stdout).toContain("it starts as its user logs in");
  expect(JSON.parse(running.stdout)).toMatchObject({
    service: "tq-shop",
    state: "running",
    pid: 41,
  });
  folder.write("bin/state", CRASHING);
  const ended = await folder.service("status");
  expect(ended.code).toBe(1);
  expect(ended.stdout).toContain("it ended with exit code 7");
});

test("without systemd install is refused, and nothing is written", async () => {
  await using folder = new ServiceFolder();
  folder.write("bin/reachable", "1");
  const { code, stderr } = await folder.service("install");
  expect(code).toBe(3);
  expect(stderr).toMatch(/systemd (does not run this machine|of this user does not answer)/);
  expect(existsSync(folder.unit)).toBe(false);
});

test("without systemd a service of the machine is refused before its rights are asked", () => {
  const manager = systemd("system", () => ({ code: 1, stdout: "", stderr: "" }), "/no/systemd");
  expect(manager.refusal("install")?.message).toMatch(
    /^systemd does not run this .* --print prints/,
  );
});

test.each(["change", "look"] as const)(
  "without systemd %s of a service is no matter of --print, and tq status is named",
  (wish) => {
    const manager = systemd("system", () => ({ code: 1, stdout: "", stderr: "" }), "/no/systemd");
    expect(manager.refusal(wish)?.message).toBe(
      "systemd does not run this machine (there is no /no/systemd): it has no services here; tq status shows the workers that run, however they were started",
    );
  },
);

needs("root").test("a user without rights is told of root and of --user", async () => {
  // The check of rights alone, in a process of that user: where systemd does not run, that is said first.
  const code = `const { noRights } = await import(${JSON.stringify(`${import.meta.dir}/../../../cli/service/manager.ts`)}); console.log(noRights()?.message)`;
  const { stdout } = Bun.spawnSync([...AS_ANOTHER_USER, process.execPath, "-e", code]);
  expect(stdout.toString()).toContain("put sudo before the command, or take --user");
});

test("a worker without models is not installed", async () => {
  await using folder = new ServiceFolder();
  const { code, stderr } = await folder.tq("service", "install", "--user", "--print");
  expect(code).toBe(7);
  expect(stderr).toContain("there is no models.ts and no models folder here");
});

test.each([
  [["--serve", "--queue", "mail"], "--serve runs no tasks"],
  [["--as", "daemon"], "with --user it runs as you"],
  [["--for", "launchd"], "add --print"],
  [["--print", "--for", "lunchd"], 'did you mean "launchd"?'],
  [["--name", "a/b"], '--name cannot be "a/b"'],
])("install %j is refused", async (args, words) => {
  await using folder = new ServiceFolder();
  const { code, stderr } = await folder.service("install", ...args);
  expect(code).toBe(2);
  expect(stderr).toContain(words);
});

test("--print prints the unit and installs nothing, also without systemd", async () => {
  await using folder = new ServiceFolder();
  folder.write("bin/reachable", "1");
  const { code, stdout } = await folder.service(
    "install",
    "--print",
    "--queue",
    "a",
    "--queue",
    "b",
  );
  expect(code).toBe(0);
  expect(stdout).toContain(`-c ${folder.file("shop/tq.toml")} worker --queue a --queue b\n`);
  expect(existsSync(folder.unit)).toBe(false);
});

test("settings of the environment are said not to be the service's", async () => {
  await using folder = new ServiceFolder();
  const env = { TQ_WORKER__GRACE: "5s" };
  const args = ["service", "install", "--user", "--print", "--models", "shop/models.ts"];
  const { stderr, stdout } = await folder.tqWith({ env }, ...args);
  expect(stderr).toContain("The service does not have TQ_WORKER__GRACE of this environment");
  expect(stdout).toContain(`--models ${folder.file("shop/models.ts")} worker`);
});

test("a service of root's own files is refused, unless root is named", async () => {
  await using folder = new ServiceFolder();
  const run = (...args: string[]) =>
    folder.tq("service", "install", "--print", "-c", folder.file("shop/tq.toml"), ...args);
  if (process.getuid?.() === 0) {
    const { code, stderr } = await run();
    expect(code).toBe(2);
    expect(stderr).toContain("would run the models as root");
  }
  expect((await run("--as", "root")).stdout).toContain("\nUser=root\n");
  expect((await run("--as", "no-such-user")).stderr).toContain("There is no user no-such-user");
});

/** Another project whose folder has the same name. */
function otherShop(folder: ServiceFolder): string {
  mkdirSync(folder.file("b/shop"), { recursive: true });
  for (const name of ["tq.toml", "models.ts"]) folder.write(`b/shop/${name}`, "");
  return folder.file("b/shop/tq.toml");
}

test("remove leaves the service of another project whose folder has the same name, unless it is named", async () => {
  await using folder = new ServiceFolder();
  await folder.service("install");
  const other = otherShop(folder);
  const { code, stderr } = await folder.service("remove", "-c", other);
  expect(code).toBe(4);
  expect(stderr).toContain(
    `Cannot remove tq-shop: it is the service of another project, ${folder.file("shop/tq.toml")}; --name shop removes it all the same`,
  );
  expect(existsSync(folder.unit)).toBe(true);
  expect((await folder.service("remove", "-c", other, "--name", "shop")).code).toBe(0);
});

test("status does not take the service of another project for that of this one", async () => {
  await using folder = new ServiceFolder();
  await folder.service("install");
  const other = otherShop(folder);
  const { code, stderr } = await folder.service("status", "-c", other);
  expect(code).toBe(3);
  expect(stderr).toContain(
    `This project has no service: tq-shop is that of another one, ${folder.file("shop/tq.toml")}`,
  );
  expect((await folder.service("status", "-c", other, "--name", "shop")).code).toBe(0);
});

test("install names the other project whose service has the name, and does not advise to remove it", async () => {
  await using folder = new ServiceFolder();
  await folder.service("install");
  const { code, stderr } = await folder.service("install", "-c", otherShop(folder));
  expect(code).toBe(4);
  expect(stderr).toContain(
    `it is the service of another project, ${folder.file("shop/tq.toml")}; --name gives this one another name`,
  );
  expect(stderr).not.toContain("remove");
});

test("a service that was made without tq.toml is still that of its folder once there is one", async () => {
  await using folder = new ServiceFolder();
  const env = folder.env;
  rmSync(folder.file("shop/tq.toml"));
  const inShop = (command: string) =>
    folder.shell(`cd shop && "$0" "$@"`, env, "service", command, "--user");
  expect((await inShop("install")).code).toBe(0);
  expect((await inShop("status")).code).toBe(0);
  folder.write("shop/tq.toml", "");
  expect((await inShop("status")).code).toBe(0);
});

test("a name with the ending of a unit is refused, and a folder's name goes without it", async () => {
  await using folder = new ServiceFolder();
  const { code, stderr } = await folder.service("install", "--name", "shop.service");
  expect(code).toBe(2);
  expect(stderr).toContain('--name cannot be "shop.service": the system adds .service itself');
  mkdirSync(folder.file("till.service"));
  for (const name of ["tq.toml", "models.ts"]) folder.write(`till.service/${name}`, "");
  const settings = ["-c", folder.file("till.service/tq.toml")];
  const { stdout } = await folder.service("install", "--print", "--json", ...settings);
  expect(JSON.parse(stdout)).toMatchObject({ service: "tq-till" });
});

test("status and remove take --serve for the service that install --serve has made", async () => {
  await using folder = new ServiceFolder();
  await folder.service("install", "--serve");
  expect((await folder.service("status", "--serve")).stdout).toContain("tq-shop-api");
  expect((await folder.service("remove", "--serve")).code).toBe(0);
});
