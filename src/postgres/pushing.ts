/** To be built. */
export function pushEach(..._: any[]): any {
  throw new Error("to be built: pushEach");
}
export function pushInto(..._: any[]): any {
  throw new Error("to be built: pushInto");
}
