/** The models on the disk can be loaded, where no worker shows that they can. */
import { messageOf } from "../../errors.ts";
import { type Check, fromSentence } from "../check.ts";
import { isLoadedByWorker } from "./models.ts";

export const load: Check = {
  name: "models_do_not_load",
  subject: "the models can be loaded",
  looks: ["doctor"],
  isSlow: true,
  async find(of) {
    const { load: loadModels, config } = of.health;
    if (loadModels === undefined || config.models === null) return [];
    if (await isLoadedByWorker(of)) return [];
    try {
      await loadModels();
      return [];
    } catch (error) {
      return [fromSentence(messageOf(error), "mend the file: a worker would not start")];
    }
  },
  fact: async (of) =>
    (await isLoadedByWorker(of)) ? "by a worker" : (of.health.config.models ?? "none"),
};
