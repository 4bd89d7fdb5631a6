/** A plan of a service, and a folder in which `tq service --user` works with a systemctl of the test. */
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import type { Plan } from "../../../cli/service/plan.ts";
import { type Ended, Folder } from "../tq.ts";

export function plan(changes: Partial<Plan> = {}): Plan {
  return {
    label: "tq-shop",
    serves: false,
    scope: "system",
    description: "tq worker of /srv/shop",
    command: ["/usr/local/bin/tq", "-c", "/srv/shop/tq.toml", "worker"],
    folder: "/srv/shop",
    user: { name: "shop", id: 999, home: "/srv/shop" },
    grace: 30_000,
    writes: "/srv/shop/queue",
    reads: ["/usr/local/bin/tq", "/srv/shop/tq.toml", "/srv/shop/models.ts"],
    ...changes,
  };
}

/** It keeps what it is asked in `calls`; a service that is started has the state in `after`, and then that in `later`. */
const SYSTEMCTL = `#!/bin/sh
cd "$(dirname "$0")"
echo "$*" >> calls
case "$*" in
  *Version*) exit "$(cat reachable)" ;;
  *" show "*) cat state 2> /dev/null || echo ActiveState=inactive; [ -e later ] && cp later state ;;
  *" start "*) [ -e refuse ] && { echo "Failed to start: no" >&2; exit 1; }; cp after state ;;
  *disable*) rm -f state ;;
esac
exit 0
`;

const JOURNALCTL = "#!/bin/sh\necho 'tq: Cannot load models'\n";

const RUNNING = `ActiveState=active
SubState=running
UnitFileState=enabled
MainPID=41
NRestarts=0
Result=success
ExecMainStatus=0
ExecMainStartTimestamp=Mon 2026-11-30 01:18:48 UTC
StatusText=Runs tasks
`;

export const CRASHING = `ActiveState=activating
SubState=auto-restart
UnitFileState=enabled
MainPID=0
NRestarts=2
Result=exit-code
ExecMainStatus=7
StatusText=
`;

export class ServiceFolder extends Folder {
  constructor() {
    super();
    mkdirSync(this.file("bin"));
    mkdirSync(this.file("shop"));
    for (const [name, text] of [
      ["systemctl", SYSTEMCTL],
      ["journalctl", JOURNALCTL],
    ] as const) {
      this.write(`bin/${name}`, text);
      chmodSync(this.file(`bin/${name}`), 0o755);
    }
    this.write("bin/reachable", "0");
    this.write("bin/after", RUNNING);
    this.write("shop/models.ts", "");
    this.write("shop/tq.toml", "");
  }

  /** Each service is one of this user. */
  async service(command: string, ...args: string[]): Promise<Ended> {
    const settings = args.includes("-c") ? [] : ["-c", this.file("shop/tq.toml")];
    return this.tqWith({ env: this.env }, "service", command, "--user", ...settings, ...args);
  }

  get env() {
    return {
      PATH: `${this.file("bin")}:${process.env["PATH"]}`,
      XDG_CONFIG_HOME: this.file("config"),
      SUDO_USER: "",
      TZ: "UTC",
    };
  }

  get unit(): string {
    return this.file("config/systemd/user/tq-shop.service");
  }

  /** The calls of systemctl, without the looks. */
  get calls(): string[] {
    const lines = readFileSync(this.file("bin/calls"), "utf8").trim().split("\n");
    return lines
      .filter((line) => !line.includes("show"))
      .map((line) => line.replace("--user ", ""));
  }
}
