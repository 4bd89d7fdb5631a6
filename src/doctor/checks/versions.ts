/** The programs that run tasks know the schema of the database, and are of one version. */
import { isWorker } from "../../store/live-workers.ts";
import type { WorkerStatus } from "../../store/looking.ts";
import { VERSION } from "../../version.ts";
import { capital, type Check, type Found } from "../check.ts";
import { named } from "../examination.ts";

/** It was there, and had run no task of its own yet, as a newer tq brought the schema forward. */
export const schemas: Check = {
  name: "older_schema",
  subject: "all programs know the schema",
  looks: ["status", "doctor"],
  async find(of) {
    const [schema, workers] = [await of.schema(), await of.workers()];
    return workers
      .filter((one) => one.alive && (one.schema ?? 0) < schema)
      .map((one) => ({
        message: `${subjectOf(one)} runs tasks with ${buildOf(one)}, which does not know schema ${schema}, and ignores all that is newer, as pauses`,
        advice: "stop it, and start it with this tq",
      }));
  },
  fact: async (of) => `schema ${await of.schema()}`,
};

export const versions: Check = {
  name: "versions_differ",
  subject: "all programs have one version of tq",
  looks: ["doctor"],
  async find(of) {
    const schema = await of.schema();
    const others = (await of.workers()).filter(
      (one) => one.alive && one.version !== VERSION && (one.schema ?? 0) >= schema,
    );
    return others.map((one): Found => {
      const message = `${subjectOf(one)} runs tasks with ${buildOf(one)}, and this is tq ${VERSION}`;
      return { message, advice: "start it again with the tq that all others have" };
    });
  },
  fact: async () => `tq ${VERSION}`,
};

function subjectOf(one: WorkerStatus): string {
  return isWorker(one) ? capital(named(one)) : `The program with pid ${one.pid}`;
}

function buildOf({ version }: WorkerStatus): string {
  return version === null ? "an older tq" : `tq ${version}`;
}
