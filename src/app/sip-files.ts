import { resolve } from 'node:path';
import type { SipOptions } from '../signalling/options.ts';
import { readTlsMaterial, tlsFilesOf } from '../signalling/transport/tls-material.ts';
import type { Settings } from './settings.ts';

/** The `sip` part with its files where they are: relative ones are relative to the configuration. */
export function sipWithFiles({ config, baseDirectory }: Settings): SipOptions {
  const place = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : resolve(baseDirectory, file);
  const listeners = config.sip.listeners.map((listener) => {
    const { cert, key, ca } = listener;
    return { ...listener, cert: place(cert), key: place(key), ca: place(ca) };
  });
  return { ...config.sip, listeners };
}

/** What is wrong with the certificates of the listeners, one sentence each. */
export function certificateFaults(settings: Settings): readonly string[] {
  return sipWithFiles(settings).listeners.flatMap((listener) => {
    const files = tlsFilesOf(listener);
    const read = files === null ? null : readTlsMaterial(files);
    return read === null || read.ok ? [] : [`sip.listeners "${listener.id}": ${read.error}`];
  });
}
