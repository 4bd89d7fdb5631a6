/**
 * Hosts on this machine, as network namespaces with a cable each to one switch, where this machine has the first address.
 * They have names of their own. All is gone once this process has ended, whatever ended it.
 */
import { readFileSync } from "node:fs";
import type { Subprocess } from "bun";

/** Takes everything away once its standard input is closed. $1: the switch; the others: the namespaces. */
const REMOVE = `trap "" INT TERM HUP
cat > /dev/null
switch=$1; shift
for host; do
  ip netns pids "$host" | xargs -r kill -9
  ip netns del "$host"
done
ip link del "$switch"`;

const NAMED = `hostname "$0" && exec "$@"`;

/** @returns why this machine cannot have such a network; null: it can. */
export function whyNoNetwork(): string | null {
  if (process.getuid?.() !== 0) return "it needs root, to make network namespaces";
  for (const program of ["ip", "unshare", "setsid", "hostname"]) {
    if (Bun.which(program) === null)
      return `it needs ${program}: apt-get install iproute2 util-linux hostname`;
  }
  return null;
}

export class Host {
  readonly name: string;
  readonly #cable: string;

  constructor(name: string, cable: string) {
    this.name = name;
    this.#cable = cable;
  }

  /** Starts a program there. Its pid is that of the program itself. */
  start(
    command: readonly string[],
    options: { cwd: string; env?: Record<string, string>; log: string },
  ): Subprocess {
    const { cwd, env = {}, log } = options;
    return Bun.spawn([...this.#enter, ...command], {
      cwd,
      env: { PATH: process.env["PATH"] ?? "", HOME: cwd, ...env },
      stdio: ["ignore", Bun.file(log), Bun.file(log)],
    });
  }

  /** Runs a program there to its end. @throws Error when it fails */
  run(command: readonly string[]): string {
    return must([...this.#enter, ...command]);
  }

  get #enter(): readonly string[] {
    return ["ip", "netns", "exec", this.name, "unshare", "--uts", "sh", "-c", NAMED, this.name];
  }

  /** Pulls the cable out, or plugs it in again. */
  plug(isIn: boolean): void {
    must(["ip", "link", "set", this.#cable, isIn ? "up" : "down"]);
  }

  /** Drops this share of all packets, in both directions; 0: none. @returns false where this machine cannot */
  lose(share: number): boolean {
    if (Bun.which("iptables") === null) return false;
    try {
      const random = ["-m", "statistic", "--mode", "random", "--probability", String(share)];
      this.run(["iptables", "-F"]);
      if (share === 0) return true;
      this.run(["iptables", "-A", "INPUT", "-i", "eth0", ...random, "-j", "DROP"]);
      this.run(["iptables", "-A", "OUTPUT", "-o", "eth0", ...random, "-j", "DROP"]);
      return true;
    } catch {
      return false;
    }
  }
}

export class Network implements Disposable {
  /** This machine's address. */
  readonly address: string;
  /** As 10.1.2.0/24. */
  readonly range: string;
  readonly hosts: readonly Host[];
  readonly #remove: Subprocess<"pipe">;

  constructor(names: readonly string[]) {
    const id = process.pid;
    const bridge = `tqb${id}`;
    const spaces = names.map((name) => `tq${id}-${name}`);
    const net = freeNet();
    this.address = `${net}.1`;
    this.range = `${net}.0/24`;
    // It does not get the signals of a terminal.
    this.#remove = Bun.spawn(["setsid", "sh", "-c", REMOVE, "sh", bridge, ...spaces], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    must(["ip", "link", "add", bridge, "type", "bridge"]);
    must(["ip", "address", "add", `${this.address}/24`, "dev", bridge]);
    must(["ip", "link", "set", bridge, "up"]);
    this.hosts = spaces.map((space, index) => {
      const cable = `tqv${id}-${index}`;
      must(["ip", "netns", "add", space]);
      must(["ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space]);
      must(["ip", "link", "set", cable, "master", bridge, "up"]);
      const inside = ["ip", "-n", space];
      must([...inside, "address", "add", `${net}.${index + 10}/24`, "dev", "eth0"]);
      must([...inside, "link", "set", "eth0", "up"]);
      must([...inside, "link", "set", "lo", "up"]);
      return new Host(space, cable);
    });
  }

  [Symbol.dispose](): void {
    void this.#remove.stdin.end();
  }
}

/** The first three numbers of a network that no route of this machine leads to. */
function freeNet(): string {
  const routes = readFileSync("/proc/net/route", "utf8");
  for (let third = 0; third < 256; third++) {
    const start = [third, 213, 10].map((part) => part.toString(16).padStart(2, "0")).join("");
    if (!routes.toLowerCase().includes(`00${start}`)) return `10.213.${third}`;
  }
  throw new Error("All networks 10.213.*.0/24 are in use");
}

function must(command: readonly string[]): string {
  const { exitCode, signalCode, stdout, stderr } = Bun.spawnSync([...command]);
  if (exitCode === 0) return stdout.toString();
  const end = signalCode ?? `exit code ${exitCode}`;
  throw new Error(`${command.join(" ")}: ${end}: ${stderr.toString()}`);
}
