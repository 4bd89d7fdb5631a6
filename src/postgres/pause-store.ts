/** To be built. */
export class PostgresPauses {
  constructor(..._: any[]) {}
  [name: string]: any;
}
