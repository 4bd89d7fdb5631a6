/** To be built. */
export function readSituation(..._: any[]): any {
  throw new Error("to be built: readSituation");
}
