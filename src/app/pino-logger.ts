import { type Logger as Pino, pino, stdTimeFunctions } from 'pino';
import type { Logger } from '../kernel/logger.ts';

/** JSON lines on stderr; stdout belongs to ONRECORD_READY and to what commands print. */
export function createLogger(level: string, role: string): Logger {
  const destination = pino.destination({ fd: 2, sync: true });
  return adapt(pino({ level, base: { role }, timestamp: stdTimeFunctions.isoTime }, destination));
}

function adapt(target: Pino): Logger {
  return {
    debug: (event, fields) => {
      target.debug(fields ?? {}, event);
    },
    info: (event, fields) => {
      target.info(fields ?? {}, event);
    },
    warn: (event, fields) => {
      target.warn(fields ?? {}, event);
    },
    error: (event, fields) => {
      target.error(fields ?? {}, event);
    },
    child: (fields) => adapt(target.child(fields)),
  };
}
