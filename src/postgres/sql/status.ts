/** To be built. */
export function statusOf(..._: any[]): any {
  throw new Error("to be built: statusOf");
}
export function waitingOf(..._: any[]): any {
  throw new Error("to be built: waitingOf");
}
