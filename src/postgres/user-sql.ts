/** To be built. */
export function placeholder(..._: any[]): any {
  throw new Error("to be built: placeholder");
}
export function runUserSql(..._: any[]): any {
  throw new Error("to be built: runUserSql");
}
