/** The unit of a service: `man 5 systemd.service` and `man 5 systemd.exec`. */
import { TqError } from "../../../src/errors.ts";
import { realFile } from "../../../src/registry/model-files.ts";
import { SECOND_MS } from "../../../src/values/duration.ts";
import { MADE_BY } from "../files.ts";
import type { Runs } from "../manager.ts";
import type { Plan } from "../plan.ts";
import { commandLine, plain, readCommandLine, word } from "./quoting.ts";

/** Longer than the grace: threads in native calls, and the last write. systemd then kills the worker. */
const AFTER_GRACE_S = 10;

/** A worker that is silent for so long hangs. It speaks four times in that time. */
const WATCHDOG_S = 120;

type Lines = readonly (string | null)[];

/** @throws TqError "invalid" for an executable that systemd does not run. */
export function unitOf(plan: Plan): string {
  checkProgram(plan.command[0] ?? "");
  const { label, scope, description, command, folder, user, grace } = plan;
  const stop = Math.ceil(grace / SECOND_MS) + AFTER_GRACE_S;
  const isSystem = scope === "system";
  const name = label.replace(/^tq-/, "");
  return text([
    `# ${MADE_BY}`,
    `# Changes of yours belong beside it: systemctl ${isSystem ? "" : "--user "}edit ${label}`,
    "[Unit]",
    `Description=${plain(description)}`,
    // At a shutdown it stops before the network does: tasks that end within the grace may need it.
    isSystem ? "After=network.target time-sync.target" : null,
    isSystem
      ? `RequiresMountsFor=${[...new Set(withReal([folder, plan.writes]))].map(word).join(" ")}`
      : null,
    "# A repaired models file or disk brings it back, however often it was started before.",
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=notify",
    user === null ? null : `User=${plain(user.name)}`,
    `WorkingDirectory=${plain(folder)}`,
    "# Variables for tasks, one NAME=VALUE a line; the file may be missing.",
    `EnvironmentFile=-%E/tq/${name}.env`,
    `ExecStart=${commandLine(command)}`,
    ...(plan.serves ? [] : ["# Models are loaded anew.", "ExecReload=/bin/kill -HUP $MAINPID"]),
    "Restart=always",
    "RestartSec=5",
    "# Models may take long to load.",
    "TimeoutStartSec=infinity",
    `TimeoutStopSec=${stop}`,
    `WatchdogSec=${WATCHDOG_S}`,
    "WatchdogSignal=SIGKILL",
    "# The worker alone is asked to stop; it ends the processes of its tasks.",
    "KillMode=mixed",
    "# Where the system kills a process of a task for its memory, that task fails, and the worker goes on.",
    "OOMPolicy=continue",
    "",
    ...hardening(plan),
    "",
    "[Install]",
    `WantedBy=${isSystem ? "multi-user.target" : "default.target"}`,
  ]);
}

function checkProgram(program: string): void {
  if (!/["'\\]/.test(program)) return;
  const why = "systemd runs no program whose path has quotes or backslashes; put tq elsewhere";
  throw new TqError("invalid", `Cannot make a service of ${program}: ${why}`);
}

/**
 * The hardening that a queue bears. Left out is what tasks may need: to compile code (MemoryDenyWriteExecute), label
 * printers (PrivateDevices, ProtectClock), the sandbox of a browser that prints PDF files (RestrictNamespaces), files that other
 * programs hand over in /tmp (PrivateTmp), to see other processes, and to write anywhere (ProtectSystem=strict).
 */
function hardening(plan: Plan): Lines {
  const always = [
    "# What a queue bears. Tasks cannot become other users, so no sudo.",
    "NoNewPrivileges=yes",
    "LockPersonality=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=~@clock @cpu-emulation @module @obsolete @raw-io @reboot @swap",
    "SystemCallErrorNumber=EPERM",
  ];
  if (plan.scope === "user") return always; // the rest needs rights that the manager of a user lacks
  return [
    ...always,
    plan.user?.id === 0 ? null : "CapabilityBoundingSet=",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "ProtectHostname=yes",
    "ProtectControlGroups=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "# /usr, /boot and /etc are read-only.",
    "ProtectSystem=full",
    isBelow(withReal([plan.writes]), SYSTEM) ? `ReadWritePaths=${word(plan.writes)}` : null,
    isBelow(allPaths(plan), HOMES) ? null : "ProtectHome=yes",
  ];
}

const SYSTEM = ["/usr", "/boot", "/efi", "/etc"];
const HOMES = ["/home", "/root", "/run/user"];

function allPaths({ folder, writes, reads, user }: Plan): string[] {
  return withReal([folder, writes, ...reads, ...(user === null ? [] : [user.home])]);
}

/** The paths, and where links in them lead: rules of systemd for a folder hold for what is there. */
function withReal(paths: readonly string[]): string[] {
  return paths.flatMap((path) => [path, realFile(path)]);
}

function isBelow(paths: readonly string[], folders: readonly string[]): boolean {
  return paths.some((path) =>
    folders.some((folder) => path === folder || path.startsWith(`${folder}/`)),
  );
}

/** The command of a unit that tq has made. */
export function runsOf(unit: string): Runs {
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(unit)?.[1] ?? "";
  return {
    command: readCommandLine(value("ExecStart")),
    folder: value("WorkingDirectory").replaceAll("%%", "%"),
  };
}

function text(lines: Lines): string {
  return `${lines.filter((line) => line !== null).join("\n")}\n`;
}
