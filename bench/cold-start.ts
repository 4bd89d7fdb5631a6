/** Time from starting the executable to the first task's start, beside a plain program with one thread. */
import { type Bench, measure } from "./support/measure.ts";
import { Raw } from "./support/raw.ts";
import { limitRow } from "./support/row.ts";
import { describeTq, exited, startTq } from "./support/tq.ts";

const CALL = { model: "probe", method: "stamp", args: "[]" } as const;

const PLAIN_WORKER = Bun.fileURLToPath(new URL("./support/plain-worker.ts", import.meta.url));

await measure(async (bench) => {
  const rounds = bench.rounds ?? bench.pick(40, 12);
  const tq: number[] = [];
  const raw: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const times = { tq: await throughTq(bench), raw: await plainly(bench) };
    if (round === 0) continue; // it reads the executable from disk, the others from memory
    tq.push(times.tq);
    raw.push(times.raw);
  }
  const notes = { rounds, tq: describeTq(bench) };
  const named = { measure: "executable started to the first task's start", unit: "ms", notes };
  return [limitRow(named, tq, raw, { bar: 80 })];
});

async function throughTq(bench: Bench): Promise<number> {
  const path = bench.folder.database();
  using raw = new Raw(path, bench);
  raw.push(CALL, 1);
  const started = performance.timeOrigin + performance.now();
  await exited(startTq(bench, path, { threads: 1, drain: true }), path);
  const { result } = raw.db.query("SELECT result FROM tq__task").get() as { result: string };
  return Number(result) - started;
}

async function plainly(bench: Bench): Promise<number> {
  const path = bench.folder.database();
  {
    using raw = new Raw(path, bench);
    raw.push(CALL, 1);
  }
  const started = performance.timeOrigin + performance.now();
  const plain = Bun.spawn([process.execPath, PLAIN_WORKER, path, "1"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const text of plain.stdout) {
    plain.kill("SIGKILL");
    return Number(new TextDecoder().decode(text)) - started;
  }
  throw new Error("The plain program ended without printing when its task began");
}
