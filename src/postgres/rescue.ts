/**
 * Puts back the tasks of dead workers and threads. A lock that is free is not yet a death: a firewall, a restart or a
 * failover of the server frees the locks of processes that live, which take them again soon.
 */
import { hostname } from "node:os";
import { type Clock, monotonicNow } from "../clock.ts";
import { isProcess } from "../process-stat.ts";
import type { KnownFollowUps } from "../store/known-follow-ups.ts";
import type { Rescue, RescuedTask, ThreadDeath } from "../store/rescue.ts";
import type { Owner } from "../store/session.ts";
import type { Access } from "./access.ts";
import type { Life } from "./life.ts";
import { PATIENCE_MS, PATIENCE_OF_THE_YOUNG_MS, YOUNG_MS } from "./life-times.ts";
import * as live from "./sql/live-output.ts";
import * as sql from "./sql/rescue.ts";
import { pidSpace } from "./sql/workers.ts";

interface Options {
  readonly access: Access;
  readonly life: Life;
  readonly clock: Clock;
  readonly bootId: string;
  /** How the server lists the connections of this process. */
  readonly application: string;
  readonly known: KnownFollowUps;
}

export class Rescuer {
  readonly #options: Options;
  /** Since when the locks of these workers have been seen to be free. */
  #lifeless = new Map<string, number>();
  /** When this worker's own connection was made, as the last look knew it. */
  #bornAt: number | null = null;

  constructor(options: Options) {
    this.#options = options;
  }

  async rescueDead(maxCrashes: number): Promise<Rescue[]> {
    const { life, access } = this.#options;
    // Earlier sights count no more: the server has been away, for others too.
    if (life.bornAt !== this.#bornAt) this.allLive();
    this.#bornAt = life.bornAt;
    const found = (await access.brief(sql.findLifeless)).filter(({ id }) => !life.has(id));
    const now = this.#options.clock.monotonic();
    const since = ({ id }: sql.Suspicion) => this.#lifeless.get(id) ?? now;
    this.#lifeless = new Map(found.map((one) => [one.id, since(one)]));
    const rescues: Rescue[] = [];
    for (const one of found) {
      if (now - since(one) < this.#patienceWith(one)) continue;
      const tasks = await this.#rescue(one, maxCrashes);
      this.#lifeless.delete(one.id);
      if (tasks) rescues.push({ worker: { id: one.id, pid: one.pid }, tasks });
    }
    return rescues;
  }

  /** No lock is free: one that is found free later has not been for long. */
  allLive(): void {
    this.#lifeless.clear();
  }

  /** One that is not registered may be about to be, again: its threads connect sooner than its life. */
  #patienceWith(worker: sql.Suspicion): number {
    if (this.#isGone(worker)) return 0;
    const { bornAt } = this.#options.life;
    const isYoung = bornAt !== null && monotonicNow() - bornAt < YOUNG_MS;
    return isYoung ? PATIENCE_OF_THE_YOUNG_MS : PATIENCE_MS;
  }

  /** True where it is known that its process has ended. */
  #isGone({ pid, host, boot_id, pid_space }: sql.Suspicion): boolean {
    if (host !== hostname()) return false;
    if (boot_id !== this.#options.bootId) return true;
    return pid_space === pidSpace() && !isProcess(Number(pid));
  }

  async #rescue(one: sql.Suspicion, maxCrashes: number): Promise<RescuedTask[] | null> {
    const { access, bootId, known } = this.#options;
    await this.#endConnections(one);
    const isOurHost = one.host === hostname();
    return access.write(async (db, now) => {
      // Sent together: on a busy machine each answer takes long.
      const [shown, found] = await Promise.all([
        live.shownBy(db, one.id),
        sql.findDead(db, one.id),
      ]);
      if (found === null) return null;
      const death = { bootId, isOurHost, known, maxCrashes, shown };
      const tasks = await sql.rescueWorker(db, found, death, now);
      await live.keepShown(db, tasks, shown);
      await Promise.all([live.forgetLive(db, one.id), sql.removeDead(db, one.id, tasks.length)]);
      return tasks;
    });
  }

  /** Ends those that it has left; meanwhile the one that puts its tasks back is opened. */
  async #endConnections({ application: left }: sql.Suspicion): Promise<void> {
    const { access, application } = this.#options;
    if (left === null || left === application) return;
    // Without the right to end them, the rescue waits for their rows, and is tried again.
    const ending = access.brief((db) => sql.endConnections(db, left)).catch(() => {});
    await Promise.all([ending, access.read(async () => {})]);
  }

  async rescueThread(owner: Owner, death: ThreadDeath): Promise<RescuedTask[]> {
    const { access, known } = this.#options;
    return access.write(async (db, now) => {
      const shown = death.running ? await live.shownByThread(db, owner) : null;
      const tasks = await sql.rescueThread(db, owner, death, { known }, now);
      if (shown && shown.id === death.running?.id) await live.keepShown(db, tasks, [shown]);
      return tasks;
    });
  }
}
