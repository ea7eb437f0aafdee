import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate authority of one test, in a folder of its own, by the openssl program. */
export class Authority {
  readonly file: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.file = join(directory, 'ca.pem');
    const words = ['req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=interop'];
    openssl(...words, '-keyout', this.#path('ca.key'), '-out', this.file);
  }

  /** Certificate and key in one file, which is also what baresip wants: for these subjectAltNames. */
  issue(name: string, names: string): { readonly file: string; readonly cert: string; readonly key: string } {
    const [cert, key, request, extension, file] = ['pem', 'key', 'csr', 'ext', 'both.pem'].map((kind) =>
      this.#path(`${name}.${kind}`),
    ) as [string, string, string, string, string];
    openssl('req', '-new', ...newKey, '-subj', `/CN=${name}`, '-keyout', key, '-out', request);
    writeFileSync(extension, `subjectAltName=${names}\n`);
    const signed = ['-CA', this.file, '-CAkey', this.#path('ca.key'), '-CAcreateserial', '-days', '2'];
    openssl('x509', '-req', '-in', request, ...signed, '-extfile', extension, '-out', cert);
    writeFileSync(file, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'));
    return { file, cert, key };
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

const newKey = ['-newkey', 'rsa:2048', '-nodes'];

function openssl(...words: readonly string[]): void {
  execFileSync('openssl', words, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 30_000 });
}
