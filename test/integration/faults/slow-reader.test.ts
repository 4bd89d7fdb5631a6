/** A client of the admin API that reads a long answer slowly. */
import { connect } from "node:net";
import { readFileSync } from "node:fs";
import { expect, setDefaultTimeout } from "bun:test";
import { needs } from "../../support/needs.ts";
import { SOON_MS } from "../support/eventually.ts";
import { siteWithModels } from "../support/models.ts";
import type { Site } from "../support/site.ts";
import { post } from "./steps.ts";

setDefaultTimeout(60_000);

const COUNT = 1_000;
const ARGUMENT_BYTES = 40_000;
const READERS = 4;

/** Half of what the answers to all readers have: a few pages for each fit in. */
const ALLOWED_MB = (READERS * COUNT * ARGUMENT_BYTES) / 2 ** 20 / 2;

function pushMany(site: Site): void {
  using database = site.connect();
  database
    .query(
      `INSERT INTO tq_push (model, method, instances, args)
       WITH RECURSIVE key (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM key WHERE n < $count)
       SELECT 'job', 'add', n, json_array($text) FROM key`,
    )
    .run({ $count: COUNT, $text: "x".repeat(ARGUMENT_BYTES) });
}

/** Memory that the process has for itself: MB. */
function memoryOf(pid: number): number {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]) / 1024;
}

/** Asks for all tasks, and reads nothing of them until `rest`. */
async function startReading(site: Site, url: string) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `GET /api/tasks?limit=${COUNT} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${site.read("tq.token").trim()}\r\nConnection: close\r\n\r\n`,
  );
  const chunks: Buffer[] = [];
  const begun = Promise.withResolvers<void>();
  socket.once("data", () => {
    socket.pause();
    begun.resolve();
  });
  socket.on("data", (chunk) => chunks.push(Buffer.from(chunk)));
  const ended = new Promise((resolve) => socket.once("close", resolve));
  await begun.promise;
  return {
    async rest(): Promise<string> {
      socket.resume();
      await ended;
      return Buffer.concat(chunks).toString();
    },
  };
}

needs("Linux").test(
  "a slow reader of a long list holds up no other request, costs little memory, and gets it whole",
  async () => {
    await using site = siteWithModels();
    await site.push("job", "add", "1");
    pushMany(site);
    const server = site.start(["serve", "--listen", "127.0.0.1:0"]);
    const { url } = await server.says("admin.listening");
    expect((await post(site, url, 1)).status).toBe(201);
    const before = memoryOf(server.pid);
    const asked = Array.from({ length: READERS }, () => startReading(site, String(url)));
    const readers = await Promise.all(asked);
    const began = performance.now();
    for (let key = 0; key < 20; key++) expect((await post(site, url, 1)).status).toBe(201);
    expect((await fetch(`${String(url)}/healthz`)).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(SOON_MS);
    expect(memoryOf(server.pid) - before).toBeLessThan(ALLOWED_MB);
    const answers = await Promise.all(readers.map((reader) => reader.rest()));
    for (const answer of answers) {
      expect(answer.length).toBeGreaterThan(COUNT * ARGUMENT_BYTES);
      expect(answer.match(/"method":"add"/g)).toHaveLength(COUNT);
      expect(answer).toEndWith("\r\n0\r\n\r\n");
    }
  },
);
