/** Workers run the models that are on the disk now. */
import { hostname } from "node:os";
import { differenceOnDisk } from "../../registry/model-version.ts";
import type { WorkerAbout } from "../../store/condition.ts";
import type { WorkerStatus } from "../../store/looking.ts";
import { capital, type Check } from "../check.ts";
import { type Examination, named } from "../examination.ts";

export const refusedModels: Check = {
  name: "models_refused",
  subject: "workers could load the models that they were to load",
  looks: ["status", "doctor"],
  async find(of) {
    const known = await knownWorkers(of);
    return known.flatMap((one) => {
      const refusal = refusalOf(one);
      if (refusal === null) return [];
      const { pid } = one.worker;
      const message = `${named(one.worker)} goes on with the models that it has: ${refusal}`;
      const advice = `mend them, then kill -HUP ${pid} has it load them again`;
      return [{ message: capital(message), advice }];
    });
  },
};

export const models: Check = {
  name: "models_changed",
  subject: "workers run the models that are on the disk",
  looks: ["doctor"],
  async find(of) {
    const known = await knownWorkers(of);
    return known.flatMap((one) => {
      const difference = differenceAt(one);
      if (difference === null || refusalOf(one) !== null) return [];
      const message = `${difference} since ${named(one.worker)} loaded the models: the worker runs the older code`;
      const advice = "have it load the new ones (kill -HUP), or start it again";
      return [{ message: capital(message), advice }];
    });
  },
};

interface Known {
  readonly worker: WorkerStatus;
  readonly about: WorkerAbout;
}

/** The live workers that have told of their models, and have threads that run them. */
async function knownWorkers(of: Examination): Promise<Known[]> {
  const abouts = await of.abouts();
  return (await of.live()).flatMap((worker) => {
    const about = abouts.get(worker.id);
    return about === undefined || worker.trouble !== null ? [] : [{ worker, about }];
  });
}

/** Another host, or a container, may have other files of the same names. */
function isHere({ worker }: Known): boolean {
  return worker.host === hostname();
}

/** How the disk differs from what the worker has loaded; null: not at all, or nobody here can tell. */
function differenceAt(known: Known): string | null {
  const { version, models: paths } = known.about;
  return isHere(known) ? differenceOnDisk(version, paths) : null;
}

/** Why the worker has not loaded what is on the disk, though it was to; null: it has. */
function refusalOf(known: Known): string | null {
  const { refusal = null } = known.about;
  if (refusal === null) return null;
  const isUndone = isHere(known) && refusal.difference !== null && differenceAt(known) === null;
  return isUndone ? null : refusal.message;
}

/** True where a worker has loaded what is on the disk now. */
export async function isLoadedByWorker(of: Examination): Promise<boolean> {
  const able = new Set((await of.able()).map(({ id }) => id));
  const { models: path } = of.health.config;
  return (await knownWorkers(of)).some((one) => {
    const isOwn = able.has(one.worker.id) && one.about.models.some((own) => own === path);
    return isOwn && isHere(one) && differenceAt(one) === null && refusalOf(one) === null;
  });
}
