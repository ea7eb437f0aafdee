import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { ErrorCode } from '../kernel/errors.ts';
import { errorRegistry } from '../kernel/errors.ts';
import type { Logger } from '../kernel/logger.ts';
import { problemBody, problemContentType, sendProblem } from './problem.ts';

const byFastifyCode: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
};

/** Codes of the system and SQLSTATE classes that say "not now" rather than "wrong". */
const outageCode = /^(ECONN\w+|EPIPE|ENOENT|ETIMEDOUT|EHOSTUNREACH|08\w{3}|53\w{3}|57P\w{2})$/;
const outageWords = /connection terminated|timeout exceeded when trying to connect|connection timeout/i;

/** Every error that a handler did not foresee ends here; the inside of none of them goes out. */
export function installFaultHandlers(app: FastifyInstance, logger: Logger): void {
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, 'not-found'));
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(error, request, reply, logger));
}

export function answerError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger,
): FastifyReply {
  reply.removeHeader('content-length');
  if (hasZodFastifySchemaValidationErrors(error)) {
    const errors = error.validation.map((issue) => ({
      in: error.validationContext ?? 'request',
      path: issue.instancePath.replace(/^\//, '').replaceAll('/', '.'),
      message: issue.message ?? 'is not valid',
    }));
    return sendProblem(reply, 'invalid-request', { errors });
  }
  const known = byFastifyCode[error.code];
  if (known !== undefined) return sendProblem(reply, known);
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return sendProblem(reply, 'invalid-request');
  }
  const code: ErrorCode = isOutage(error) ? 'unavailable' : 'internal';
  // The message of a database may quote values: the log gets the kind, the code and the place.
  logger.error('http-request-failed', {
    requestId: request.id,
    route: request.routeOptions.url ?? null,
    kind: error.name,
    code: error.code,
    at: placeOf(error),
  });
  return sendProblem(reply, code);
}

function isOutage({ code, message }: FastifyError): boolean {
  return (typeof code === 'string' && outageCode.test(code)) || outageWords.test(message);
}

/** The first line of the stack below the message. */
function placeOf(error: Error): string | null {
  return /\n\s+at ([^\n]+)/.exec(error.stack ?? '')?.[1] ?? null;
}

const byParserCode: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'header-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** What Node's parser refuses before there is a request. */
export function refuseMalformed(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = byParserCode[error.code ?? ''] ?? 'invalid-request';
  const { status } = errorRegistry[code];
  const body = problemBody(code, 'none');
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: ${problemContentType}\r\n`;
  socket.end(
    `${head}Content-Length: ${Buffer.byteLength(body)}\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n${body}`,
  );
}
