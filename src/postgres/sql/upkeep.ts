/** To be built. */
export function tidy(..._: any[]): any {
  throw new Error("to be built: tidy");
}
export function ts(..._: any[]): any {
  throw new Error("to be built: ts");
}
