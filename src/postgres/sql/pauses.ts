/** To be built. */
export function pause(..._: any[]): any {
  throw new Error("to be built: pause");
}
export function repairPauses(..._: any[]): any {
  throw new Error("to be built: repairPauses");
}
export function resume(..._: any[]): any {
  throw new Error("to be built: resume");
}
export function ts(..._: any[]): any {
  throw new Error("to be built: ts");
}
