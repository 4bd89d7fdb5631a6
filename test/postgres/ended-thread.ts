/**
 * The thread of ended-thread.test.ts. It sends a transaction whose last statement the server has not seen before, and stands
 * still until the server's answer is there. Then it reads that answer after it was told to end.
 */
import { Connection } from "../../src/postgres/connection.ts";
import { LIFE } from "./support.ts";

interface Start {
  readonly url: string;
  /** Where it is poked. */
  readonly port: number;
  /** It stands still until its first number is 1, and then until it is ended. */
  readonly gate: Int32Array<SharedArrayBuffer>;
}

self.addEventListener("message", ({ data }: MessageEvent<Start>) => void run(data), { once: true });

async function run({ url, port, gate }: Start): Promise<void> {
  const db = await Connection.open({ ...LIFE, url, application: "ended" });
  // The server has seen these.
  await db.step("begin");
  await db.step("commit");
  await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data() {
        postMessage("ending");
        Atomics.wait(gate, 1, 0, 2_000);
      },
    },
  });
  await db.step("begin");
  await db.run("INSERT INTO effect VALUES ($1)", [1]);
  const sent = [
    db.run("INSERT INTO finish SELECT $1, unnest($2::text[])", [1, ['a "word"']]),
    db.step("commit"),
  ];
  setTimeout(() => {
    postMessage("held");
    Atomics.wait(gate, 0, 0, 20_000);
  });
  await Promise.all(sent);
}
