/** Every command, in the order in which the help lists them. */
import { alert } from "./alert.ts";
import { cancel } from "./cancel.ts";
import { clean } from "./clean.ts";
import { config } from "./config.ts";
import { cron } from "./cron/group.ts";
import { deleteTasks } from "./delete.ts";
import { init } from "./init.ts";
import { list } from "./list.ts";
import { logs } from "./logs.ts";
import { move } from "./move.ts";
import { pause } from "./pause.ts";
import { push } from "./push.ts";
import { resume } from "./resume.ts";
import { retry } from "./retry.ts";
import { run } from "./run.ts";
import { serve } from "./serve.ts";
import { show } from "./show.ts";
import { stats } from "./stats.ts";
import { status } from "./status.ts";
import type { Commands } from "./command/line.ts";
import { token } from "./token.ts";
import { torture } from "./torture.ts";
import { tryTask } from "./try.ts";
import { version } from "./version.ts";
import { watch } from "./watch.ts";
import { why } from "./why.ts";
import { worker } from "./worker.ts";

export const COMMANDS: Commands = {
  init,
  worker,
  push,
  run,
  list,
  show,
  logs,
  watch,
  why,
  try: tryTask,
  retry,
  cancel,
  move,
  delete: deleteTasks,
  pause,
  resume,
  clean,
  cron,
  status,
  stats,
  serve,
  token,
  config,
  alert,
  torture,
  version,
};
