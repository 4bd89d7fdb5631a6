/** To be built. */
export function rescueDead(..._: any[]): any {
  throw new Error("to be built: rescueDead");
}
export function rescueThread(..._: any[]): any {
  throw new Error("to be built: rescueThread");
}
