/** Puts back the tasks of dead workers and threads. What a run had shown to other programs is kept with it. */
import type { Rescue, RescuedTask, ThreadDeath } from "../store/rescue.ts";
import type { Owner } from "../store/session.ts";
import type { Access } from "./access.ts";
import * as liveness from "./file/liveness.ts";
import * as live from "./file/live-output.ts";
import type { AfterFailure } from "../store/known-follow-ups.ts";
import { listWorkers } from "./sql/looking.ts";
import { keepShown } from "./sql/outputs.ts";
import * as workers from "./sql/workers.ts";

interface RescueAccess extends Access, AfterFailure {
  readonly bootId: string;
}

export async function rescueDead(access: RescueAccess, maxCrashes: number): Promise<Rescue[]> {
  const { name, bootId, known } = access;
  const unknown = (await access.read(workers.unknownWorkers)).map((id) => ({ id, pid: null }));
  const all = [...(await access.read(listWorkers)), ...unknown];
  const dead = all.filter(({ id }) => liveness.removeIfDead(name, id));
  const rescues: Rescue[] = [];
  for (const worker of dead) {
    const shown = live.readAllLive(name, worker.id);
    const tasks = await access.write((db, now) => {
      const seen = { bootId, known, maxCrashes, shown };
      const rescued = workers.rescueWorker(db, worker.id, seen, now);
      if (rescued) keepShown(db, rescued, shown);
      return rescued;
    });
    live.removeLive(name, worker.id);
    if (tasks) rescues.push({ worker, tasks });
  }
  return rescues;
}

export async function rescueThread(
  access: RescueAccess,
  owner: Owner,
  death: ThreadDeath,
): Promise<RescuedTask[]> {
  const shown = death.running ? live.readLive(access.name, owner) : null;
  return access.write((db, now) => {
    const rescued = workers.rescueThread(db, owner, death, access, now);
    if (shown?.id === death.running?.id) keepShown(db, rescued, shown ? [shown] : []);
    return rescued;
  });
}
