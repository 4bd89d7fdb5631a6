/** The pauses of the tq on another machine. */
import type { NewPause, PauseStore, PauseTarget } from "../../src/store/pauses.ts";
import type { Client } from "./client.ts";
import { listOf, pauseOf } from "./rows.ts";

export function remotePauses(client: Client): PauseStore {
  const target = ({ kind, name }: PauseTarget) => ({ [kind]: name });
  const one = async (path: string, body: unknown) => {
    const pause = await client.post(path, ["kind", "name", "since"], { body });
    return client.read(() => pauseOf(pause));
  };
  const list = async () => {
    const { pauses } = await client.get("/pauses", ["pauses"]);
    return client.read(() => listOf(pauses, pauseOf));
  };
  const resume = (of: PauseTarget) => one("/pauses/resume", target(of));
  return {
    list,
    pause: ({ by, reason, until, ...of }: NewPause) =>
      one("/pauses", { ...target(of), by, ...(reason !== null && { reason }), until }),
    resume,
    async resumeAll() {
      const ended = [];
      for (const pause of await list()) ended.push(await resume(pause));
      return ended;
    },
  };
}
