/** Workers run the models that are on the disk now. */
import { hostname } from "node:os";
import { differenceOnDisk } from "../../registry/model-version.ts";
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
      const difference = differenceOnDisk(about.version, about.models);
      if (difference === null) return [];
      const message = `${difference} since ${named(worker)} loaded the models: the worker runs the older code`;
      return [
        {
          message: capital(message),
          advice: "have it load the new ones (kill -HUP), or start it again",
        },
      ];
    });
  },
};
