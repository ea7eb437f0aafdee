import { z } from 'zod';
import { httpOptions } from '../api/options.ts';
import { consentOptions } from '../consent/options.ts';
import { controlUrl, linkTlsOptions } from '../link/options.ts';
import { mediaOptions } from '../media/options.ts';
import { databaseOptions } from '../persistence/options.ts';
import { purposeOptions, recordingOptions } from '../policy/options.ts';
import { sipOptions } from '../signalling/options.ts';
import { encryptionOptions, storageOptions } from '../storage/options.ts';

const nodeOptions = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'an id has 1 to 64 letters, digits, ".", "_" or "-"')
    .default('edge-1'),
  /** Relative to the configuration file. */
  dataDir: z.string().min(1).default('./data'),
  region: z
    .string()
    .regex(/^[A-Z]{2}$/, 'a region is a two-letter country code such as LU')
    .default('LU'),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'a country is a two-letter code such as LU')
    .default('LU'),
  drainSeconds: z.number().int().min(0).max(86_400).default(60),
  /** Only when proxy and control run apart: where the proxy dials, and where control listens. */
  controlUrl: controlUrl.optional(),
  controlTls: linkTlsOptions.optional(),
});

const logOptions = z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') });

/** The whole configuration; each stage describes its own part. */
export const configSchema = z.strictObject({
  node: nodeOptions.prefault({}),
  sip: sipOptions,
  media: mediaOptions,
  consent: consentOptions.prefault({}),
  purposes: purposeOptions.default([]),
  recording: recordingOptions.prefault({}),
  encryption: encryptionOptions.prefault({}),
  storage: storageOptions.prefault({}),
  database: databaseOptions.prefault({}),
  http: httpOptions.prefault({}),
  log: logOptions.prefault({}),
});

export type Config = z.output<typeof configSchema>;
