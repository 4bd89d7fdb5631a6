/** Every command, in the order in which the help lists them. */
import type { Commands } from "./command/command.ts";

/** Each is loaded when it is asked for: a command starts without the modules of all others. */
export const COMMANDS: Commands = {
  init: async () => (await import("./init.ts")).init,
  worker: async () => (await import("./worker.ts")).worker,
  push: async () => (await import("./push.ts")).push,
  run: async () => (await import("./run.ts")).run,
  list: async () => (await import("./list.ts")).list,
  show: async () => (await import("./show.ts")).show,
  logs: async () => (await import("./logs.ts")).logs,
  watch: async () => (await import("./watch.ts")).watch,
  why: async () => (await import("./why.ts")).why,
  try: async () => (await import("./try.ts")).tryTask,
  retry: async () => (await import("./retry.ts")).retry,
  cancel: async () => (await import("./cancel.ts")).cancel,
  move: async () => (await import("./move.ts")).move,
  delete: async () => (await import("./delete.ts")).deleteTasks,
  pause: async () => (await import("./pause.ts")).pause,
  resume: async () => (await import("./resume.ts")).resume,
  clean: async () => (await import("./clean.ts")).clean,
  cron: async () => (await import("./cron/group.ts")).cron,
  status: async () => (await import("./status.ts")).status,
  doctor: async () => (await import("./doctor.ts")).doctor,
  stats: async () => (await import("./stats.ts")).stats,
  serve: async () => (await import("./serve.ts")).serve,
  token: async () => (await import("./token/group.ts")).token,
  config: async () => (await import("./config.ts")).config,
  alert: async () => (await import("./alert.ts")).alert,
  torture: async () => (await import("./torture.ts")).torture,
  version: async () => (await import("./version.ts")).version,
};
