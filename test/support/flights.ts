/** A relay before a PostgreSQL server that counts how often its client waits for answers. */
import { join } from "node:path";
import type { Socket } from "bun";
import { nextTurn } from "../../src/next-turn.ts";
import { makeFolder } from "./folder.ts";

/** Answers are held back until the client has been silent for so many turns of the event loop. */
const SILENT_TURNS = 10;

export interface Flights extends Disposable {
  /** The URL of the database, through the relay. */
  readonly url: string;
  /** The flights of statements that went out during this: those of one share a round trip. */
  during(fn: () => unknown): Promise<number>;
}

interface Relayed {
  server: Socket | null;
  answers: Buffer[];
  isWaiting: boolean;
  silent: number;
}

/** @param url of a socket in a folder, as that of the tests' server. */
export function countFlights(url: string): Flights {
  const { searchParams } = new URL(url.replace("@/", "@localhost/"));
  const name = `.s.PGSQL.${searchParams.get("port")}`;
  const unix = join(searchParams.get("host") ?? "", name);
  const folder = makeFolder();
  let flights = 0;

  async function answerLater(client: Socket<Relayed>): Promise<void> {
    const { data } = client;
    for (data.silent = 0; data.silent < SILENT_TURNS; data.silent++) await nextTurn();
    data.isWaiting = false;
    client.write(Buffer.concat(data.answers.splice(0)));
  }

  const listener = Bun.listen<Relayed>({
    unix: folder.file(name),
    socket: {
      async open(client) {
        client.data = { server: null, answers: [], isWaiting: false, silent: 0 };
        client.pause();
        client.data.server = await Bun.connect({
          unix,
          socket: {
            data(_, answer) {
              client.data.answers.push(Buffer.from(answer));
              if (client.data.answers.length === 1) void answerLater(client);
            },
            close: () => void client.end(),
          },
        });
        client.resume();
      },
      data(client, statements) {
        if (!client.data.isWaiting) flights += 1;
        client.data.isWaiting = true;
        client.data.silent = 0;
        client.data.server?.write(statements);
      },
      close: ({ data }) => void data.server?.end(),
    },
  });
  return {
    url: url.replace(/host=[^&]+/, `host=${folder.path}`),
    async during(fn) {
      const before = flights;
      await fn();
      return flights - before;
    },
    [Symbol.dispose]() {
      listener.stop(true);
      folder[Symbol.dispose]();
    },
  };
}
