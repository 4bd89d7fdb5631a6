/**
 * Proves on this machine that no task is lost or done twice, whatever becomes of a PostgreSQL server under load:
 * `node .ci/bun.mjs test/proof/server-faults.ts [--only NAME,…]`. Two workers of the executable drain what a program
 * pushes; then the counts are compared, and their logs are shown.
 */
import { postgresPrograms } from "../support/postgres-server.ts";
import { readOptions } from "./options.ts";
import { noConnections, password, rights } from "./server-faults/access.ts";
import { certificates } from "./server-faults/certificates.ts";
import { fullLog, fullTables } from "./server-faults/disks.ts";
import { clock, settings } from "./server-faults/settings.ts";
import { demotion, failover } from "./server-faults/failover.ts";
import type { Say } from "./server-faults/report.ts";

const FAULTS: Readonly<Record<string, (say: Say) => Promise<boolean>>> = {
  failover: (say) => failover(true, 0, say),
  "failover-behind": (say) => failover(false, 2_000, say),
  demotion,
  certificates,
  "full-log": fullLog,
  "full-tables": fullTables,
  settings,
  clock,
  "no-connections": noConnections,
  rights,
  password,
};

const USAGE = `Usage: test/proof/server-faults.ts [--only NAME,…]; there are ${Object.keys(FAULTS).join(", ")}`;

const { only } = readOptions(USAGE, { only: undefined as string | undefined });
const names = only?.split(",") ?? Object.keys(FAULTS);

if (postgresPrograms() === null) {
  console.error("Cannot run this proof: it needs PostgreSQL: apt-get install postgresql");
  process.exit(2);
}

for (const name of names) {
  const fault = FAULTS[name];
  if (!fault)
    throw new Error(`There is no fault ${name}; there are ${Object.keys(FAULTS).join(", ")}`);
  const say = (line: string) => console.log(`${name}: ${line}`); // oxlint-disable-line no-console
  if (!(await fault(say))) process.exitCode = 1;
}
