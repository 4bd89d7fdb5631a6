/** Hostile clients of the built binary: it takes a bounded amount of memory through all that they do, and ends in time. */
import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { needs } from "../support/needs.ts";
import { HostileClient, PUSH } from "./support/hostile-client.ts";
import { Site } from "./support/site.ts";

/** The most memory that it may take, as `ps` shows it: with the pages of the executable's file. */
const MOST_MB = 120;

const MODELS = `
import { Model } from "tq";
export class Job extends Model {
  static override readonly __name__ = "job";
  add() { return this.id; }
}`;

/** Of a process, in MB: what it takes, what of that is its own, and the most that it has taken since it was last asked. */
function memoryOf(pid: number) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  writeFileSync(`/proc/${pid}/clear_refs`, "5"); // `man 5 proc`: the most begins anew
  const of = (key: string) => Number(new RegExp(`${key}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  return { all: of("VmRSS"), own: of("RssAnon"), peak: of("VmHWM") };
}

needs("Linux").test(
  `takes less than ${MOST_MB} MB whatever clients do, and SIGTERM ends their streams at once`,
  async () => {
    await using site = new Site();
    site.write("models.ts", MODELS);
    const server = site.start(["serve", "--listen", "127.0.0.1:0"], {
      env: { TQ_LOG__LEVEL: "info" },
    });
    const { url = "" } = await server.says("admin.listening");
    const port = Number(new URL(String(url)).port);
    const client = new HostileClient(port, site.read("tq.token").trim());
    const { stdout: token } = await site.run("token", "add", "office", "--role", "read");
    const office = new HostileClient(port, token.trim());
    const figures: string[] = [];
    let most = 0;
    const after = async <T>(name: string, done: Promise<T>): Promise<T> => {
      const value = await done;
      const { all, own, peak } = memoryOf(server.pid);
      figures.push(
        `${name}: ${all.toFixed()} MB, ${own.toFixed()} its own, at most ${peak.toFixed()}`,
      );
      most = Math.max(most, peak);
      return value;
    };
    await after("start", Promise.resolve());

    expect(await after("small pushes", client.pushSmall())).toEqual([201]);
    expect(await after("deep JSON", client.pushDeep())).toEqual([422]);
    expect(await after("junk of a megabyte", client.pushJunk())).toEqual([422]);
    expect(await after("tasks of a megabyte", client.pushMuch())).toEqual([201, 201]);
    expect(await after("bodies of 20 MB", client.sendHuge())).toEqual(["401", "413"]);
    const pages = Array<string>(8).fill("/tasks?limit=1000&before=1017&after=1000");
    expect(await after("large pages", client.read(pages))).toBeGreaterThan(10_000_000);
    await after(
      "lists that nobody reads",
      client.holdUnread(5, "/api/tasks?limit=1000&before=1017"),
    );
    client.leave();
    await after("pages that nobody reads", client.holdUnread(200, "/api/v1/tasks?before=1017"));
    client.leave();
    const large = "GET /api/v1/tasks/1016 HTTP/1.1";
    await after("a large task, for 200 clients", client.hold(200, large, "", true));
    client.leave();
    const post = "POST /api/v1/tasks HTTP/1.1\r\nContent-Length: 1000000";
    await after("slow bodies", client.hold(200, post, `{${" ".repeat(100_000)}`));
    client.leave();
    await after("bodies almost whole", office.hold(200, post, `{${" ".repeat(900_000)}`));
    const honest = Array<string>(64).fill(PUSH.padEnd(100_000));
    expect(await after("bodies of 100 kB beside them", client.push(honest, 64))).toEqual([201]);
    office.leave();
    const small = "POST /api/v1/tasks HTTP/1.1\r\nContent-Length: 65000";
    await after("small bodies almost whole", client.hold(800, small, `{${" ".repeat(60_000)}`));
    client.leave();
    await after(
      "waits for results",
      client.hold(500, "GET /api/v1/tasks/1/result?wait=1m HTTP/1.1"),
    );
    client.leave();
    const streams = [client, office].map((one) =>
      one.hold(1_000, "GET /api/v1/events HTTP/1.1", "", true),
    );
    await after("2,000 streams", Promise.all(streams));
    expect(await after("pushes to 2,000 streams", client.pushSmall())).toEqual([201]);

    await client.hold(20, post, "{");
    await client.hold(20, "GET /api/v1/tasks/1/result?wait=1m HTTP/1.1");
    await after("bodies and waits that do not end", Promise.resolve());
    const stopped = performance.now();
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(performance.now() - stopped).toBeLessThan(5_000);
    client.leave();
    office.leave();
    if (most >= MOST_MB) throw new Error(`It took ${most.toFixed()} MB:\n${figures.join("\n")}`);
    expect(server.log.filter(({ event }) => event === "log.note")).toEqual([]);
  },
  120_000,
);
