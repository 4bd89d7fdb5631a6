/** To be built. */
export function makeDueReady(..._: any[]): any {
  throw new Error("to be built: makeDueReady");
}
