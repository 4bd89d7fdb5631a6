/**
 * Proves on this machine that hosts share one queue: `node .ci/bun.mjs test/proof/hosts.ts [--only drains|faults]
 * [--hosts 1,2,4] [--delays 0,0.5,5] [--tasks N] [--rounds N] [--tq EXECUTABLE]`, as root. Hosts are network namespaces
 * with a worker of 8 threads each; a server of the proof's own and a host that pushes stand beside them.
 */
import { loadavg } from "node:os";
import { makeFolder } from "../support/folder.ts";
import { postgresPrograms } from "../support/postgres-server.ts";
import { startServer } from "./hosts-cluster.ts";
import { type DrainFigures, drains, inWords } from "./hosts-drains.ts";
import { faults } from "./hosts-faults.ts";
import { Network, whyNoNetwork } from "./network.ts";
import { BUILT, executableAt, readOptions } from "./options.ts";

const USAGE = `Usage: test/proof/hosts.ts [--only drains|faults] [--hosts 1,2,4] [--delays 0,0.5,5] [--tasks N]
  [--rounds N] [--tq EXECUTABLE]`;

const values = readOptions(USAGE, {
  only: undefined as string | undefined,
  hosts: "1,2,4",
  delays: "0,0.5,5",
  tasks: "20000",
  rounds: "1",
  tq: BUILT,
});

const reason =
  postgresPrograms() === null ? "it needs PostgreSQL: apt-get install postgresql" : whyNoNetwork();
if (reason !== null) {
  console.error(`Cannot run this proof: ${reason}`);
  process.exit(2);
}

const numbers = (list: string) => list.split(",").map(Number);
const say = (line: string) => console.log(line); // oxlint-disable-line no-console

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

using folder = makeFolder();
using network = new Network(["a", "b", "c", "d", "shop"]);
const server = await startServer(network);
const common = { network, server, folder: folder.path, tq: executableAt(values.tq) };
let databases = 0;
const fresh = (delay: number) => ({ ...common, delay, database: `hosts_${++databases}` });

if (values.only !== "faults") {
  for (const delay of numbers(values.delays)) {
    for (const hosts of numbers(values.hosts)) {
      const all: DrainFigures[] = [];
      for (let round = 0; round < Number(values.rounds); round++) {
        all.push(...(await drains(fresh(delay), hosts, Number(values.tasks))));
      }
      say(
        `load of the machine: ${loadavg()
          .map((load) => load.toFixed(1))
          .join(", ")}`,
      );
      for (const kind of ["no-op", "browse and save"]) {
        say(inWords(all.filter((one) => one.kind === kind)));
      }
    }
  }
}
if (values.only !== "drains") {
  for (const delay of numbers(values.delays)) {
    if (!(await faults(fresh(delay), say))) process.exitCode = 1;
  }
}
await server.stop();
