import { readFileSync } from 'node:fs';
import type { Logger } from '../kernel/logger.ts';
import { errorCode, replaceFile } from '../storage/durable-file.ts';

/** The policy that the node decided by last, so that a restart with the same rules is no change of them. */
export interface PolicyMemory {
  /** Null: none, or it cannot be read. */
  recall(): string | null;
  /** A disk that does not take it costs no more than one version written down twice. */
  remember(document: string): Promise<void>;
}

export function policyMemory(file: string, logger: Logger): PolicyMemory {
  return {
    recall() {
      try {
        const text = readFileSync(file, 'utf8');
        JSON.parse(text);
        return text;
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') logger.warn('policy-not-recalled', { error: String(error) });
        return null;
      }
    },
    async remember(document) {
      try {
        await replaceFile(file, `${file}.new`, Buffer.from(document));
      } catch (error) {
        logger.warn('policy-not-remembered', { error: String(error) });
      }
    },
  };
}
