/** To be built. */
export function hasWork(..._: any[]): any {
  throw new Error("to be built: hasWork");
}
export function look(..._: any[]): any {
  throw new Error("to be built: look");
}
export function mayClaim(..._: any[]): any {
  throw new Error("to be built: mayClaim");
}
