/** To be built. */
export function readWorking(..._: any[]): any {
  throw new Error("to be built: readWorking");
}
