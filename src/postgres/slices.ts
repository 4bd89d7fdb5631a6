/** To be built. */
export function repairTimes(..._: any[]): any {
  throw new Error("to be built: repairTimes");
}
