import { type DestinationStream, type Logger as Pino, pino, stdTimeFunctions } from 'pino';
import type { Logger } from '../kernel/logger.ts';

/** JSON lines on stderr; stdout belongs to ONRECORD_READY and to what commands print. */
export function createLogger(
  level: string,
  role: string,
  destination: DestinationStream = pino.destination({ fd: 2, sync: true }),
): Logger {
  const stream = {
    write: (line: string) => {
      destination.write(inAscii(line));
    },
  };
  return adapt(pino({ level, base: { role }, timestamp: stdTimeFunctions.isoTime }, stream));
}

/**
 * JSON escapes what is below U+0020 and leaves the rest: DEL, the 8-bit controls of terminals and characters that
 * turn a line's direction. They can only stand in its strings, where JSON has an escape for each (RFC 8259 §7).
 */
function inAscii(line: string): string {
  return line.replace(/[^\x00-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
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
