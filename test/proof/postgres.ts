/**
 * Proves on this machine that no task is lost or done twice on PostgreSQL, whatever becomes of the server and the network:
 * `bun test/proof/postgres.ts [--rounds N] [--seed N] [--tq EXECUTABLE]` runs `tq torture` against a server of its own,
 * behind a proxy, and meanwhile kills the server (all its processes, by kill -9), restarts it, stalls the network, and loses
 * answers of commits.
 */
import { makeFolder } from "../support/folder.ts";
import { startPostgres } from "../support/postgres-server.ts";
import { BUILT, executableAt, readOptions } from "./options.ts";
import { Proxy } from "./postgres-proxy.ts";

const PORT = 54_399;

const USAGE = "Usage: test/proof/postgres.ts [--rounds N] [--seed N] [--tq EXECUTABLE]";

const values = readOptions(USAGE, { rounds: "30", seed: "1", tq: BUILT });
const executable = executableAt(values.tq);

using folder = makeFolder();
const server = await startPostgres(["listen_addresses=127.0.0.1", "fsync=on"], { port: PORT });
const proxy = new Proxy(PORT);
const admin = new Bun.SQL(server.url("postgres"), { max: 1 });
await admin.unsafe("CREATE DATABASE torture");
await admin.close({ timeout: 0 });

const torture = Bun.spawn(
  [
    executable,
    "torture",
    "-d",
    `postgresql://tq@127.0.0.1:${proxy.port}/torture`,
    "--rounds",
    values.rounds,
    "--seed",
    values.seed,
    "--json",
  ],
  { cwd: folder.path, stdout: "pipe", stderr: "inherit" },
);

const faults = { crashes: 0, restarts: 0, stalls: 0, lost: 0 };
let isOver = false;
void torture.exited.then(() => (isOver = true));
const end = performance.now() + Number(values.rounds) * 2_000;
/** The next fault comes after a while, so that tasks run in between. */
while (!isOver && performance.now() < end) {
  await Bun.sleep(1_500 + Math.random() * 3_000);
  const chance = Math.random();
  if (chance < 0.15) {
    faults.crashes += 1;
    await server.restart("kill");
  } else if (chance < 0.3) {
    faults.restarts += 1;
    await server.restart("fast");
  } else if (chance < 0.5) {
    faults.stalls += 1;
    await proxy.stall(500 + Math.random() * 7_000);
  } else {
    faults.lost += 1;
    await proxy.loseAnswers(10 + Math.random() * 60);
  }
}
const result = JSON.parse(await new Response(torture.stdout).text()) as object;
await torture.exited;
proxy.close();
await server.stop();
console.log(JSON.stringify({ faults, ...result }, null, 2));
const { lost, doubled, half, stuck, broken } = result as Record<string, number>;
const wrong = [lost, doubled, half, stuck, broken].some((count) => count !== 0);
process.exitCode = wrong ? 1 : 0;
