/** To be built. */
export function getTask(..._: any[]): any {
  throw new Error("to be built: getTask");
}
export function getTaskByRef(..._: any[]): any {
  throw new Error("to be built: getTaskByRef");
}
export function listNames(..._: any[]): any {
  throw new Error("to be built: listNames");
}
export function lostClaims(..._: any[]): any {
  throw new Error("to be built: lostClaims");
}
export function standingsOf(..._: any[]): any {
  throw new Error("to be built: standingsOf");
}
export function ts(..._: any[]): any {
  throw new Error("to be built: ts");
}
