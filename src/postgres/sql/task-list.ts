/** To be built. */
export function countBefore(..._: any[]): any {
  throw new Error("to be built: countBefore");
}
export function lastPushedBefore(..._: any[]): any {
  throw new Error("to be built: lastPushedBefore");
}
export function listParts(..._: any[]): any {
  throw new Error("to be built: listParts");
}
export function matchingParts(..._: any[]): any {
  throw new Error("to be built: matchingParts");
}
