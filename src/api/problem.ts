import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { type ErrorCode, errorRegistry } from '../kernel/errors.ts';

/** RFC 9457: the body of every error. */
const problemSchema = z
  .object({
    type: z.string().describe('`urn:onrecord:error:` and the code'),
    title: z.string(),
    status: z.number().int(),
    code: z.enum(Object.keys(errorRegistry) as [ErrorCode, ...ErrorCode[]]),
    detail: z.string().describe('What to do'),
    requestId: z.string().describe('Stands in the log beside what is not shown here'),
    errors: z
      .array(z.object({ in: z.string(), path: z.string(), message: z.string() }))
      .optional()
      .describe('What is not valid in the request'),
    checks: z.record(z.string(), z.unknown()).optional().describe('With `not-ready`'),
  })
  .meta({ id: 'Problem' });

export interface ProblemExtras {
  readonly errors?: readonly { readonly in: string; readonly path: string; readonly message: string }[];
  readonly checks?: Readonly<Record<string, unknown>>;
}

export const problemContentType = 'application/problem+json';

/** How soon to come back, for what passes by itself. */
const retryAfterSeconds: Partial<Record<ErrorCode, number>> = {
  'too-many-followers': 5,
  'conversion-busy': 5,
  'recording-open': 2,
  'node-unreachable': 5,
  'control-failed': 5,
  'not-ready': 5,
  unavailable: 5,
};

export function problemBody(code: ErrorCode, requestId: string, extras: ProblemExtras = {}): string {
  const { status, title, mend } = errorRegistry[code];
  const type = `urn:onrecord:error:${code}`;
  return JSON.stringify({ type, title, status, code, detail: mend, requestId, ...extras });
}

/** Answers with a problem; nothing in it but the registry's words and facts of the request itself. */
export function sendProblem(reply: FastifyReply, code: ErrorCode, extras: ProblemExtras = {}): FastifyReply {
  const { status } = errorRegistry[code];
  const seconds = retryAfterSeconds[code];
  if (seconds !== undefined) reply.header('retry-after', seconds);
  // RFC 6750 §3: the challenge names an error only where credentials came.
  if (code === 'unauthorized') reply.header('www-authenticate', challenge(reply));
  return (
    reply
      .code(status)
      .header('content-type', problemContentType)
      // As bytes: Fastify would add a charset to a text, which RFC 9457 does not define.
      .send(Buffer.from(problemBody(code, reply.request.id, extras)))
  );
}

function challenge(reply: FastifyReply): string {
  const { authorization } = reply.request.headers;
  return authorization === undefined
    ? 'Bearer realm="onrecord"'
    : 'Bearer realm="onrecord", error="invalid_token"';
}

type ProblemResponse = Record<
  number,
  { description: string; content: Record<string, { schema: typeof problemSchema }> }
>;

/** The OpenAPI part of these errors. */
export function problems(...codes: readonly ErrorCode[]): ProblemResponse {
  const responses: ProblemResponse = {};
  for (const code of codes) {
    const { status, title } = errorRegistry[code];
    const before = responses[status]?.description;
    responses[status] = {
      description: before === undefined ? `${code}: ${title}` : `${before}; ${code}: ${title}`,
      content: { [problemContentType]: { schema: problemSchema } },
    };
  }
  return responses;
}
