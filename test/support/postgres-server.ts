/** A PostgreSQL server of the tests' own, of Debian's package: it ends with this process, whatever ends that. */
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";

/** The folder of the server's programs, of the newest version; null: it is not installed. */
export function postgresPrograms(): string | null {
  const all = "/usr/lib/postgresql";
  const versions = existsSync(all) ? readdirSync(all) : [];
  const newest = versions.toSorted((a, b) => Number(b) - Number(a));
  const folders = newest.map((version) => join(all, version, "bin"));
  return folders.find((folder) => existsSync(join(folder, "initdb"))) ?? null;
}

/** PostgreSQL refuses to run as root. */
const AS_POSTGRES =
  process.getuid?.() === 0
    ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
    : [];

/**
 * Says the server's process. Once its standard input is closed, as it is when the tests' process ends, it ends a server that
 * still runs at once, and removes its folder. Signals to all processes of a terminal do not keep it from that.
 */
const UNTIL_END = `exec 3<&0
"$@" &
pid=$!
echo $pid
{
  trap "" INT TERM HUP
  read -r _ <&3
  kill -QUIT $pid || exit
  while kill -0 $pid; do sleep 0.1; done
  rm -rf "$0"
} 2>/dev/null &
wait $pid`;

export interface PostgresServer {
  /** The URL of one of its databases. */
  readonly url: (database: string) => string;
  /** How PostgreSQL's own clients find the server. */
  readonly environment: Readonly<Record<string, string>>;
  /** Its data folder. */
  readonly data: string;
  /** Starts it again; "kill" ends all its processes before, as a crash of the machine does. */
  restart(how: "fast" | "kill"): Promise<void>;
  /** Kills all its processes: it stays away until `start`. */
  kill(): Promise<void>;
  /** Resolves once it has ended, by itself too. */
  ended(): Promise<unknown>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface ServerOptions {
  readonly port?: number;
  /** Whose hosts are let in besides this one, as 10.1.2.0/24. */
  readonly network?: string;
  /** More for initdb. */
  readonly initdb?: readonly string[];
  /** More variables of its processes. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a server on a socket in a folder of its own, and where `listen_addresses` among the settings says so. */
export async function startPostgres(
  settings: readonly string[] = [],
  { port = 5432, network, initdb = [], env = {} }: ServerOptions = {},
): Promise<PostgresServer> {
  const folder = makeServerFolder();
  const data = join(folder, "data");
  const how = ["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", ...initdb];
  runProgram("initdb", ["-D", data, "-U", "tq", ...how]);
  if (network !== undefined) {
    appendFileSync(join(data, "pg_hba.conf"), `host all all ${network} trust\n`);
  }
  return serve(folder, settings, port, env);
}

/** Starts a server that follows another one, which it has copied, until it is promoted. */
export async function startStandby(
  primary: PostgresServer,
  settings: readonly string[],
  port: number,
): Promise<PostgresServer> {
  const folder = makeServerFolder();
  const { PGHOST = "", PGPORT = "", PGUSER = "" } = primary.environment;
  const from = ["-h", PGHOST, "-p", PGPORT, "-U", PGUSER, "-c", "fast", "-X", "stream"];
  runProgram("pg_basebackup", [...from, "-R", "-D", join(folder, "data")]);
  return serve(folder, settings, port);
}

function makeServerFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tq-pg-"));
  if (AS_POSTGRES.length > 0) chownSync(folder, idOf("-u"), idOf("-g"));
  return folder;
}

/** The path of one of the server's programs. That of the same name on the PATH is a script, which takes its time. */
export function programPath(name: string): string {
  const programs = postgresPrograms();
  if (programs === null) throw new Error("PostgreSQL is not installed");
  return join(programs, name);
}

function runProgram(name: string, args: readonly string[]): void {
  const command = [...AS_POSTGRES, programPath(name), ...args];
  const { exitCode, stderr } = Bun.spawnSync(command, { stdout: "ignore", stderr: "pipe" });
  if (exitCode !== 0) throw new Error(stderr.toString());
}

async function serve(
  folder: string,
  given: readonly string[],
  port: number,
  env: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const data = join(folder, "data");
  const settings = ["listen_addresses=", "fsync=off", "max_connections=300", ...given];
  const places = ["-D", data, "-k", folder, "-p", String(port)];
  const flags = [...places, ...settings.flatMap((it) => ["-c", it])];
  const command = [...AS_POSTGRES, programPath("postgres"), ...flags];
  const url = (database: string) => `postgresql://tq@/${database}?host=${folder}&port=${port}`;
  /** A server that was killed leaves memory and a lock, which are free a moment later. */
  const start = async (): Promise<Running> => {
    for (let tries = 1; ; tries++) {
      const started = await startProcess(folder, command, env);
      const isUp = await Promise.race([
        answering(url("postgres")).then(() => true),
        started.gone.then(() => false),
      ]);
      if (isUp) return started;
      if (tries === 50) throw new Error(readFileSync(join(folder, "log"), "utf8").slice(-2_000));
      await Bun.sleep(100);
    }
  };
  let running = await start();
  return {
    url,
    environment: { PGHOST: folder, PGPORT: String(port), PGUSER: "tq" },
    data,
    async restart(how) {
      await (how === "kill" ? running.kill() : running.end("SIGINT"));
      running = await start();
    },
    kill: () => running.kill(),
    ended: () => running.gone,
    async start() {
      running = await start();
    },
    async stop() {
      await running.end("SIGQUIT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Running {
  /** Resolves once it has ended. */
  readonly gone: Promise<unknown>;
  /** Kills the server and all its processes. */
  kill(): Promise<void>;
  end(signal: "SIGINT" | "SIGQUIT"): Promise<void>;
}

async function startProcess(
  folder: string,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Running> {
  const shell = Bun.spawn(["sh", "-c", UNTIL_END, folder, ...command], {
    env: { ...process.env, ...env },
    stdin: "pipe",
    stdout: "pipe",
    stderr: Bun.file(join(folder, "log")),
  });
  const { value } = await shell.stdout.getReader().read();
  const pid = Number(new TextDecoder().decode(value));
  return {
    gone: shell.exited,
    async kill() {
      if (shell.exitCode !== null) return;
      const list = Bun.spawnSync(["pgrep", "-P", String(pid)]).stdout.toString();
      const children = list.split("\n").filter((line) => line !== "");
      for (const one of [pid, ...children.map(Number)]) killIfThere(one);
      await shell.exited;
    },
    async end(signal) {
      if (shell.exitCode === null) process.kill(pid, signal);
      await shell.exited;
    },
  };
}

function idOf(flag: "-u" | "-g"): number {
  return Number(Bun.spawnSync(["id", flag, "postgres"]).stdout.toString());
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const sql = new Bun.SQL(url, { max: 1 });
    try {
      await sql`SELECT 1`;
      return;
    } catch (error) {
      if (tries > 600) throw error;
      await Bun.sleep(50);
    } finally {
      await sql.close({ timeout: 0 });
    }
  }
}

/** A process of the server may end between the look and this. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as { code?: string }).code !== "ESRCH") throw error;
  }
}
