import type { FastifyReply } from 'fastify';
import type { Schedule } from '../../kernel/timers.ts';
import type { ApiDeps } from '../create-api.ts';
import { secured } from '../open-api.ts';
import { problems, sendProblem } from '../problem.ts';
import { plainText } from '../schemas.ts';
import type { RouteApp } from './route-app.ts';

/** Keeps proxies between from taking the connection for a dead one. */
const heartbeatMs = 15_000;

export function eventRoute(app: RouteApp, deps: ApiDeps): void {
  app.get(
    '/events',
    {
      schema: {
        tags: ['calls'],
        security: secured,
        summary: 'Server-sent events about calls, recordings and live controls, from now on',
        response: {
          200: {
            description: 'Events, without end',
            content: { 'text/event-stream': { schema: plainText } },
          },
          ...problems('unauthorized', 'too-many-followers', 'unavailable'),
        },
      },
    },
    async (request, reply) => {
      const { authorization } = request.headers;
      const { raw } = reply;
      const leave = deps.events.follow({
        write: (text) => raw.write(text),
        get waitingBytes() {
          return raw.writableLength;
        },
        end: () => raw.destroy(),
      });
      if (leave === null) return sendProblem(reply, 'too-many-followers');
      // What is written to somebody who has just gone must not end the process.
      raw.on('error', () => undefined);
      begin(reply);
      const stop = everyHeartbeat(deps.schedule, async () => {
        // A token may have been revoked meanwhile; a database that is away has revoked nothing.
        const judged = await deps.authenticate(authorization);
        if (judged.ok || judged.error === 'unavailable') raw.write(':\n\n');
        else goodbye();
      });
      const gone = (): void => {
        stop();
        leave();
      };
      function goodbye(): void {
        gone();
        raw.end();
      }
      raw.once('close', gone);
      // It may have gone while its token was looked up.
      if (raw.destroyed) gone();
      return undefined;
    },
  );
}

function begin(reply: FastifyReply): void {
  const headers = reply.getHeaders() as Record<string, string>;
  reply.hijack();
  reply.raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
  reply.raw.write('retry: 2000\n\n');
}

function everyHeartbeat(schedule: Schedule, beat: () => Promise<void>): () => void {
  let stopped = false;
  let cancel: () => void = () => undefined;
  const next = (): void => {
    if (stopped) return;
    cancel = schedule(heartbeatMs, () => {
      beat().then(next, next);
    });
  };
  next();
  return () => {
    stopped = true;
    cancel();
  };
}
