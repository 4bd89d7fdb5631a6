/** To be built. */
export class PostgresStatistics {
  constructor(..._: any[]) {}
  [name: string]: any;
}
