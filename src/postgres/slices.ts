/** To be built. */
export function recount(..._: any[]): any {
  throw new Error("to be built: recount");
}
export function repairTimes(..._: any[]): any {
  throw new Error("to be built: repairTimes");
}
