import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type LinkEndpoint, parseControlUrl } from '../link/endpoint.ts';
import type { Settings } from './settings.ts';
import { socketPath } from './socket-path.ts';

/** Where proxy and control meet: a socket in the data directory, or, when they run apart, mutual TLS. */
export function linkEndpoint(settings: Settings): LinkEndpoint {
  const { controlUrl, controlTls } = settings.config.node;
  if (controlUrl === undefined || controlTls === undefined) {
    return { kind: 'unix', path: socketPath(settings.dataDirectory, 'control.sock') };
  }
  const read = (file: string): string => readFileSync(resolve(settings.baseDirectory, file), 'utf8');
  const tls = { cert: read(controlTls.cert), key: read(controlTls.key), ca: read(controlTls.ca) };
  return { kind: 'tls', ...parseControlUrl(controlUrl), tls };
}
