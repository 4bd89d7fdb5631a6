/** To be built. */
export class PostgresTaskEvents {
  constructor(..._: any[]) {}
  [name: string]: any;
}
