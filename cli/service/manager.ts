/** A program of the system that starts services, as the commands of `tq service` use it. */
import { TqError } from "../../src/errors.ts";
import type { Plan } from "./plan.ts";

export interface ServiceState {
  /** "restarting": it has ended, and is started again soon. */
  readonly state: "running" | "starting" | "restarting" | "stopping" | "failed" | "stopped";
  /** It starts with the machine, or as its user logs in. */
  readonly enabled: boolean;
  readonly pid: number | null;
  /** When the process was started; ms since 1970 UTC. */
  readonly since: number | null;
  /** How often the system has started it again since. */
  readonly restarts: number;
  /** More about it for people; "": nothing. */
  readonly words: string;
}

/** The command of a service, and its folder. */
export interface Runs {
  readonly command: readonly string[];
  readonly folder: string;
}

/** The wish of a user for a service: a new one, a change of one that is there, or a look at it. */
export type Wish = "install" | "change" | "look";

export interface Manager {
  readonly name: "systemd" | "launchd" | "Windows";
  /** Why it cannot be used here and now; null: it can. */
  refusal(wish: Wish): TqError | null;
  /** The file that defines the service. */
  file(label: string): string;
  /** The text of that file. */
  definition(plan: Plan): string;
  /** The command that such a text has the service run. */
  runs(definition: string): Runs;
  /** The names of all services that tq has made. */
  all(): string[];
  /** Takes up the file, has the service start with the machine, and starts it. */
  start(label: string): void;
  /** Stops it within its grace, until `restart` or the next start of the machine. */
  halt(label: string): void;
  restart(label: string): void;
  /** Stops it within its grace, and has the system forget it. Call it before the file is removed. */
  stop(label: string): void;
  /** Call it once the file is removed. */
  removed(label: string): void;
  state(label: string): ServiceState;
  /** The last lines of its log. */
  lastLines(label: string): string[];
  /** For people: how its log is read. */
  logCommand(label: string): string;
  /** Sentences to be said once it is installed. */
  notes(label: string): string[];
}

/** Why this user may not change the services of the machine; null: they may. */
export function noRights(): TqError | null {
  if (process.getuid?.() === 0) return null;
  return new TqError(
    "invalid",
    "A service of the machine is made and removed by root: put sudo before the command, or take --user, for a service of your own",
  );
}
