/** To be built. */
export class Life {
  constructor(..._: any[]) {}
  async close() {}
  [name: string]: any;
}
