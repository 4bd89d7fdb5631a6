/** The variables by which systemd gives the process of a service its ear: `man 3 sd_notify`. */

const NAMES = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] as const;

/** Takes them away: a program that a task starts is not the service, and must not speak for it. */
export function takeServiceVariables(env: Record<string, string | undefined>): {
  readonly [name in (typeof NAMES)[number]]: string | undefined;
} {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = env;
  for (const name of NAMES) delete env[name];
  return { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID };
}
