import type { FastifyInstance } from 'fastify';
import { sendProblem } from './problem.ts';

/**
 * Answers 405 with `Allow` (RFC 9110 §15.5.6) where the path exists and the method does not. Call before the
 * first route; the returned function after the last.
 */
export function installMethodRefusals(app: FastifyInstance): () => void {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    methods.set(url, known);
    for (const each of Array.isArray(method) ? method : [method]) known.add(each);
  });
  return () => {
    for (const [url, known] of [...methods]) {
      const allow = [...known].sort().join(', ');
      const rest = app.supportedMethods.filter((method) => !known.has(method));
      app.route({
        method: rest,
        url,
        schema: { hide: true },
        // Before a body is read: it is of no interest.
        onRequest: (_request, reply) => {
          sendProblem(reply.header('allow', allow), 'method-not-allowed');
        },
        handler: (_request, reply) => reply,
      });
    }
  };
}
