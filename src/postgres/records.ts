/** To be built. */
export function makeRecords(..._: any[]): any {
  throw new Error("to be built: makeRecords");
}
