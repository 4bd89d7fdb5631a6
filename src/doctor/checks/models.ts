/** Workers run the models that are on the disk now. */
import { hostname } from "node:os";
import { changedFile } from "../../registry/loaded-files.ts";
import { capital, type Check } from "../check.ts";
import { named } from "../examination.ts";

export const models: Check = {
  name: "models_changed",
  subject: "workers run the models that are on the disk",
  looks: ["doctor"],
  async find(of) {
    const abouts = await of.abouts();
    return (await of.live()).flatMap((worker) => {
      const about = abouts.get(worker.id);
      // Another host, or a container, may have other files of the same names.
      if (about === undefined || worker.host !== hostname()) return [];
      const file = changedFile(about.files);
      if (file === null) return [];
      const message = `${file} has changed since ${named(worker)} loaded it: the worker runs the older code`;
      return [{ message: capital(message), advice: "start that worker again" }];
    });
  },
};
