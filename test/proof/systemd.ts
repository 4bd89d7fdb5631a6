/**
 * A proof that `tq service` and `tq upgrade` hold under a real systemd: `node .ci/bun.mjs test/proof/systemd.ts
 * [--tq EXECUTABLE]`, as root on a Debian or Ubuntu. It takes a minute.
 */
import { Box, type Ran, until } from "./box.ts";
import { BUILT, executableAt, readOptions } from "./options.ts";

const MODELS = `import { writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { task } from "tq";
export const nap = task("nap", async (seconds: number) => { await Bun.sleep(seconds * 1000); });
export const boom = task("boom", () => { throw new Error("boom"); });
export const write = task("write", (path: string) => { writeFileSync(path, "x"); });
export const look = task("look", () => spawnSync("env", { encoding: "utf8" }).stdout);
`;

const AS_SHOP = "setpriv --reuid=shop --regid=shop --clear-groups";
const UNIT = "/etc/systemd/system/tq-shop.service";

const options = readOptions("Usage: test/proof/systemd.ts [--tq EXECUTABLE]", { tq: BUILT });
await using box = await Box.start(executableAt(options.tq));

function must(script: string, code = 0): string {
  const ran: Ran = box.sh(script);
  if (ran.code === code) return ran.text;
  throw new Error(`${script} ended with ${ran.code}:\n${ran.text}`);
}

function check(is: boolean, what: string, found = ""): void {
  if (!is) throw new Error(`Not so: ${what}\n${found}`);
  console.log(`ok  ${what}`); // oxlint-disable-line no-console
}

const pid = () => Number(must("systemctl show tq-shop -P MainPID"));
const isActive = () => box.sh("systemctl is-active tq-shop").text === "active\n";
const anew = (before: number) => until("it runs anew", () => isActive() && pid() !== before);
const tq = (words: string, code = 0) => must(`cd /srv/shop && ${AS_SHOP} tq ${words}`, code);
const shown = (id: string) =>
  JSON.parse(tq(`show ${id} --json`)) as { state: string; result: unknown; attempts: number };
const state = (id: string) => shown(id).state;
const running = (id: string) => until(`task ${id} runs`, () => state(id) === "running");

must(`install -m 755 /mnt/tq /usr/local/bin/tq && useradd --system shop && mkdir -p /srv/shop`);
must("cd /srv/shop && tq init --quiet && install -d -o shop -g shop -m 750 queue");
must(`cd /srv/shop && printf '\\n[database]\\npath = "queue/tq.db"\\n' >> tq.toml`);
box.write("/srv/shop/models.ts", MODELS);
must("mkdir -p /etc/tq && echo SECRET=kept > /etc/tq/shop.env");

const installed = must("cd /srv/shop && tq service install");
check(
  installed.startsWith("tq-shop is installed: running"),
  "install waits until tasks run",
  installed,
);
check(must("systemctl is-enabled tq-shop") === "enabled\n", "it starts with the machine");
check(
  must("cd /srv/shop && tq service install").includes("already"),
  "a second install changes nothing",
);

const environment = String(shown(tq("push look --wait").trim()).result);
check(environment.includes("SECRET=kept"), "tasks have the variables of its file");
check(!/NOTIFY_SOCKET|WATCHDOG/.test(environment), "tasks do not have its socket", environment);
tq(`push write '["/srv/shop/queue/x"]' --wait`);
const refused = box.sh(`cd /srv/shop && ${AS_SHOP} tq push write '["/etc/x"]' --wait`).text;
check(refused.includes("EROFS"), "tasks write their folder, and not /etc", refused);

box.sh(`cd /srv/shop && ${AS_SHOP} tq push boom --wait`);
const errors = must("journalctl -u tq-shop -p err -o cat --no-pager");
check(
  /^.* error task \d+ failed {2}boom/m.test(errors),
  "the journal has errors as errors",
  errors,
);

const killed = tq("push nap '[1]'").trim();
await running(killed);
const before = pid();
must(`kill -9 ${before}`);
await anew(before);
await until("it runs again", () => state(killed) === "finished");
check(shown(killed).attempts > 0, "after kill -9 the worker and its task are started again");

must("mkdir -p /etc/systemd/system/tq-shop.service.d");
const changes = `[Service]
TimeoutStopSec=1
WatchdogSec=4
ProtectSystem=strict
ReadWritePaths=/srv/shop/queue
`;
box.write("/etc/systemd/system/tq-shop.service.d/short.conf", changes);
must("systemctl daemon-reload && systemctl restart tq-shop");
const kept = tq("push nap '[5]'").trim();
await running(kept);
must("systemctl stop tq-shop");
check(
  state(kept) === "finished",
  "a stop waits for worker.grace, though TimeoutStopSec is shorter",
);
check(pid() === 0, "and it happened where only the folder of the database is writable");
must("systemctl start tq-shop");
const watched = pid();
await Bun.sleep(6_000);
check(pid() === watched, "a worker that lives is left alone by the watchdog");
must(`kill -STOP ${watched}`);
await anew(watched);
check(true, "a worker that hangs is started anew");

const old = pid();
must("systemctl reload tq-shop");
await until("it is reloaded", isActive);
if (pid() === old) await until("its models are loaded", () => tq("push boom", 0) !== "");
else await anew(old);
check(isActive(), "a reload ends with a worker that runs");

const beforeUpgrade = pid();
must("cp /mnt/tq /root/other && echo >> /root/other");
const upgraded = must("cd /srv/shop && tq upgrade /root/other");
check(upgraded.includes("tq-shop is restarted"), "an upgrade restarts the service", upgraded);
await anew(beforeUpgrade);
must("cd /srv/shop && tq upgrade /usr/local/bin/tq.old");
check(must("cmp /usr/local/bin/tq /mnt/tq") === "", "the upgrade is undone");

await until("it runs", isActive);
must("cd /srv/shop && tq service remove");
check(box.sh(`ls ${UNIT}`).code !== 0 && !isActive(), "remove stops it and takes the unit away");
must("cd /srv/shop && tq service status", 3);

box.write("/srv/shop/models.ts", "export const = 1;");
const broken = must("cd /srv/shop && tq service install", 1);
check(broken.includes("Cannot load models"), "install says why the worker does not start", broken);
box.write("/srv/shop/models.ts", MODELS);
await until("it runs", isActive);
check(true, "repaired models bring the worker back");
must("cd /srv/shop && tq service remove");

const odd = `/srv/a 100% $HOME "q" shop`;
must(`mkdir -p "/opt/my 100% \\$tq" && cp /mnt/tq "/opt/my 100% \\$tq/tq"`);
must(`mkdir -p '${odd}' && cd '${odd}' && tq init --quiet && chown shop .`);
const strange = must(
  `cd '${odd}' && "/opt/my 100% \\$tq/tq" service install --name odd --queue 'a,b'`,
);
check(strange.includes("running"), "paths with blanks, quotes, % and $ work", strange);
must("tq service remove --name odd");

must("useradd -m anna && systemctl start user@$(id -u anna).service");
const AS_ANNA = `export HOME=/home/anna XDG_RUNTIME_DIR=/run/user/$(id -u anna); cd /home/anna/mine && setpriv --reuid=anna --regid=anna --clear-groups`;
must("mkdir /home/anna/mine && cd /home/anna/mine && tq init --quiet && chown -R anna: .");
const own = must(`${AS_ANNA} tq service install --user`);
check(own.startsWith("tq-mine is installed: running"), "a user has a service of their own", own);
check(own.includes("loginctl enable-linger"), "the user is told of lingering", own);
must(`${AS_ANNA} tq service remove --user`);
const denied = must(`${AS_ANNA} tq service install`, 2);
check(
  denied.includes("put sudo before"),
  "without rights a service of the machine is refused",
  denied,
);
