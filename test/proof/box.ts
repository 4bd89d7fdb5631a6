/**
 * A Debian systemd as the first process of namespaces of its own: it sees the files of this machine, and what it writes
 * is gone with it. It needs root, `unshare`, `nsenter`, overlayfs, cgroup 2 and the package systemd.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Units that would change the machine around the box. */
const MASKED = ["udevd", "sysctl", "modules-load", "remount-fs", "binfmt", "networkd", "resolved"];

/** $1: a folder for the box; $2: the executable, which is /mnt/tq inside. */
const BOOT = `set -e
mount -t tmpfs -o size=2G tmpfs "$1"
R="$1/root"
mkdir "$1/upper" "$1/work" "$R"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$R"
mount -t proc proc "$R/proc"
mount --bind "$R/proc/sys" "$R/proc/sys"
mount -o remount,bind,ro "$R/proc/sys"
mount -t tmpfs tmpfs "$R/sys"
mkdir -p "$R/sys/fs/cgroup"
mount -t cgroup2 cgroup2 "$R/sys/fs/cgroup"
for at in run mnt dev; do mount -t tmpfs -o mode=755 tmpfs "$R/$at"; done
mkdir -p "$R/run/lock" "$R/dev/pts" "$R/dev/shm"
for name in null zero full random urandom tty; do
  touch "$R/dev/$name"
  mount --bind "/dev/$name" "$R/dev/$name"
done
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$R/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$R/dev/shm"
ln -s pts/ptmx "$R/dev/ptmx"
ln -s /proc/self/fd "$R/dev/fd"
for at in 0:stdin 1:stdout 2:stderr; do ln -s "fd/\${at%:*}" "$R/dev/\${at#*:}"; done
touch "$R/mnt/tq"
mount --bind "$2" "$R/mnt/tq"
ip link set lo up
for unit in ${MASKED.join(" ")}; do
  ln -sf /dev/null "$R/etc/systemd/system/systemd-$unit.service"
done
exec env -i container=tq PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$R" /lib/systemd/systemd --unit=basic.target`;

const ENTER = ["--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--root", "--wdns=/"];
const SHELL_PATH = "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const BOOT_MS = 60_000;

export interface Ran {
  readonly code: number;
  /** Both of its outputs. */
  readonly text: string;
}

export class Box implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "tq-box-"));
  readonly #group = join(cgroups(), `tq-box-${process.pid}`);
  readonly #outer: Bun.Subprocess;
  #first = 0;

  private constructor(executable: string) {
    makeGroup(this.#group, this.#folder);
    const enter = 'echo $$ > "$0/cgroup.procs"; exec unshare "$@"';
    const spaces = ["--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup"];
    const flags = [...spaces, "--fork", "--kill-child", "--propagation=private"];
    const boot = ["bash", "-c", BOOT, "boot", this.#folder, executable];
    const command = ["bash", "-c", enter, this.#group, ...flags, ...boot];
    this.#outer = Bun.spawn(command, { stdio: ["ignore", "ignore", "inherit"] });
  }

  static async start(executable: string): Promise<Box> {
    const box = new Box(executable);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(signal, () => void box[Symbol.asyncDispose]().finally(() => process.exit(1)));
    }
    try {
      await until("systemd runs", () => box.#isUp(), BOOT_MS);
    } catch (error) {
      await box[Symbol.asyncDispose]();
      throw error;
    }
    return box;
  }

  async #isUp(): Promise<boolean> {
    if (this.#outer.exitCode !== null) throw new Error("The box ended before systemd ran in it");
    const children = Bun.file(`/proc/${this.#outer.pid}/task/${this.#outer.pid}/children`);
    this.#first = Number(await children.text().catch(() => "0"));
    return (
      this.#first > 0 && /^(running|degraded)/.test(this.sh("systemctl is-system-running").text)
    );
  }

  /** Runs a script inside as root. */
  sh(script: string): Ran {
    const enter = ["nsenter", `--target=${this.#first}`, ...ENTER, "env", "-i", SHELL_PATH];
    const command = [...enter, "HOME=/root", "LANG=C.UTF-8", "bash", "-c", `exec 2>&1; ${script}`];
    const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: "/", stdin: "ignore" });
    return { code: exitCode, text: stdout.toString() + stderr.toString() };
  }

  write(file: string, text: string): void {
    const { exitCode } = Bun.spawnSync(
      ["nsenter", `--target=${this.#first}`, ...ENTER, "bash", "-c", 'cat > "$0"', file],
      { cwd: "/", stdin: Buffer.from(text) },
    );
    if (exitCode !== 0) throw new Error(`Cannot write ${file}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#outer.kill("SIGKILL");
    await this.#outer.exited;
    await until("its processes are gone", () => removeGroup(this.#group), BOOT_MS);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The folder of cgroup 2, which may stand beside those of cgroup 1. */
function cgroups(): string {
  const both = "/sys/fs/cgroup/unified";
  return existsSync(both) ? both : "/sys/fs/cgroup";
}

function makeGroup(path: string, folder: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
}

/** A group is removed as an empty folder, once its processes are gone. */
function removeGroup(path: string): boolean {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory() && !removeGroup(join(path, entry.name))) return false;
    }
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}

export async function until(
  what: string,
  look: () => boolean | Promise<boolean>,
  longest = 30_000,
): Promise<void> {
  const end = performance.now() + longest;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`It does not come about that ${what}`);
    await Bun.sleep(50);
  }
}
