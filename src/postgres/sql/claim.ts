/** To be built. */
export function claim(..._: any[]): any {
  throw new Error("to be built: claim");
}
export function claimOne(..._: any[]): any {
  throw new Error("to be built: claimOne");
}
export function handBack(..._: any[]): any {
  throw new Error("to be built: handBack");
}
