import type { EventFeed } from './event-feed.ts';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { Authenticate, Identity } from '../access/authenticator.ts';
import { randomHex, type RandomBytes } from '../kernel/ids.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Schedule } from '../kernel/timers.ts';
import type { NodeRegistry } from '../link/ports.ts';
import type { PolicyStore, RecordStore } from '../records/ports.ts';
import { answerError, installFaultHandlers, refuseMalformed } from './fault-handlers.ts';
import { installMethodRefusals } from './method-refusals.ts';
import { openApiDocument, openApiTransform } from './open-api.ts';
import type {
  AudioSource,
  Converter,
  DatabaseHealth,
  DeleteAudio,
  DoNotRecordDesk,
  PacketDecoder,
} from './ports.ts';
import { sendProblem } from './problem.ts';
import { audioRoute } from './routes/audio-route.ts';
import { callRoutes } from './routes/call-routes.ts';
import { eventRoute } from './routes/event-route.ts';
import { doNotRecordRoutes } from './routes/do-not-record-routes.ts';
import { ladderRoute } from './routes/ladder-route.ts';
import { peaksRoute } from './routes/peaks-route.ts';
import { policyRoutes } from './routes/policy-routes.ts';
import { recordingRoutes } from './routes/recording-routes.ts';
import { systemRoutes } from './routes/system-routes.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set for every route under /api/v1. */
    identity: Identity | null;
  }
}

export interface ApiDeps {
  readonly version: string;
  readonly records: RecordStore;
  readonly audio: AudioSource;
  readonly converter: Converter;
  readonly decoder: PacketDecoder;
  readonly deleteRecording: DeleteAudio;
  readonly policies: PolicyStore;
  readonly doNotRecord: DoNotRecordDesk;
  readonly events: Pick<EventFeed, 'follow'>;
  readonly nodes: NodeRegistry;
  readonly authenticate: Authenticate;
  readonly database: DatabaseHealth;
  /** The page of `/metrics`. */
  readonly metrics: () => Promise<string>;
  readonly metricsContentType: string;
  readonly random: RandomBytes;
  readonly schedule: Schedule;
  readonly logger: Logger;
}

const bodyLimit = 64 * 1024;
/** For a whole request to arrive. */
const requestTimeoutMs = 30_000;
/** A connection over which nothing moves is given up, so that a stalled reader holds no conversion. */
const idleTimeoutMs = 120_000;

/**
 * The HTTP API. The caller listens and closes: `await api.listen({ host, port })` gives the URL,
 * `await api.close()` ends running downloads too. Further plugins (the portal) may be registered before.
 */
export async function createApi(deps: ApiDeps): Promise<FastifyInstance> {
  const { logger } = deps;
  const app = fastify({
    logger: false,
    bodyLimit,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: idleTimeoutMs,
    forceCloseConnections: true,
    genReqId: () => randomHex(8, deps.random),
    requestIdHeader: false,
    routerOptions: { maxParamLength: 200 },
    clientErrorHandler: refuseMalformed,
    frameworkErrors: (error, request, reply) => {
      // Its URL cannot be read, so that no hook runs.
      answerError(error, request, reply.headers(securityHeaders), logger);
    },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest('identity', null);
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(securityHeaders);
    done();
  });
  installFaultHandlers(app, logger);
  const finishMethods = installMethodRefusals(app);
  await app.register(swagger, {
    openapi: openApiDocument(deps.version),
    transform: jsonSchemaTransform,
    transformObject: openApiTransform,
  });
  systemRoutes(app.withTypeProvider<ZodTypeProvider>(), deps);
  await app.register(
    (scope, _options, done) => {
      guard(scope, deps.authenticate);
      const routes = scope.withTypeProvider<ZodTypeProvider>();
      callRoutes(routes, deps);
      ladderRoute(routes, deps);
      recordingRoutes(routes, deps);
      audioRoute(routes, deps);
      peaksRoute(routes, deps);
      policyRoutes(routes, deps);
      doNotRecordRoutes(routes, deps);
      eventRoute(routes, deps);
      done();
    },
    { prefix: '/api/v1' },
  );
  finishMethods();
  return app;
}

/** An API answers programs: nothing of it may be framed, sniffed, cached or run. */
const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

function guard(scope: FastifyInstance, authenticate: Authenticate): void {
  scope.addHook('onRequest', async (request, reply) => {
    const judged = await authenticate(request.headers.authorization);
    if (judged.ok) {
      request.identity = judged.value;
      return undefined;
    }
    return sendProblem(reply, judged.error === 'unavailable' ? 'unavailable' : 'unauthorized');
  });
}
