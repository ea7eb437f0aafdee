import { startPglite, startPostgresEngine } from '../support/postgres.ts';

/** What every suite of the database runs on: the default of a small site, and the server of a large one. */
export const engines = [
  ['the embedded database', startPglite],
  ['a PostgreSQL server', startPostgresEngine],
] as const;
