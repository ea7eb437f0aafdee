import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ErrorCode } from '../../kernel/errors.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { type FileKind, fileKind, isOpen, type RecordingRecord } from '../../records/recording-record.ts';
import { parseRange, type RangeAnswer } from '../byte-range.ts';
import type { ApiDeps } from '../create-api.ts';
import { exactly } from '../exact-stream.ts';
import { secured } from '../open-api.ts';
import type { AudioFault, AudioForm, Conversion, ConversionFault, OpenAudio } from '../ports.ts';
import { problems, sendProblem } from '../problem.ts';
import { audioQuery, idParams } from '../schemas.ts';
import { isOfPackets, openOfPackets } from './packet-audio.ts';
import type { RouteApp } from './route-app.ts';

const binary = z.string().meta({ format: 'binary' });
const content = {
  'audio/wav': { schema: binary },
  'audio/mpeg': { schema: binary },
  'application/vnd.tcpdump.pcap': { schema: binary },
};

export function audioRoute(app: RouteApp, deps: ApiDeps): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/recordings/:id/audio',
    schema: {
      tags: ['recordings'],
      security: secured,
      summary: 'The audio, as it is kept or converted; answers Range',
      params: idParams,
      querystring: audioQuery,
      response: {
        200: { description: 'The whole', content },
        206: { description: 'The part that was asked for', content },
        304: { description: 'Not modified', content: { 'audio/wav': { schema: binary } } },
        ...problems(
          'invalid-request',
          'unauthorized',
          'recording-not-found',
          'no-audio',
          'recording-open',
          'recording-deleted',
          'range-not-satisfiable',
          'audio-damaged',
          'conversion-unsupported',
          'no-decoder',
          'conversion-busy',
          'unavailable',
        ),
      },
    },
    handler: async (request, reply) => {
      const recording = await deps.records.recording(request.params.id);
      if (recording === null) return sendProblem(reply, 'recording-not-found');
      // What has ended can be heard while it is still being sealed.
      const refused = recording.state === 'recording' ? null : audioRefusal(recording);
      if (refused !== null) return sendProblem(reply, refused);
      const { format, download } = request.query;
      const headOnly = request.method === 'HEAD';
      const body = isOfPackets(recording, format)
        ? await openOfPackets(deps, recording, format, headOnly)
        : await openBody(deps, recording, format ?? null, headOnly);
      if (!body.ok) return sendProblem(reply, body.error);
      describe(reply, recording, body.value.form, download === '1');
      return answer(request, reply, body.value, (error) => {
        const kind = error instanceof Error ? error.message : String(error);
        deps.logger.error('audio-stream-failed', { recordingId: recording.id, requestId: request.id, kind });
      });
    },
  });
}

/** Why there is no audio to give. */
export function audioRefusal({ state }: RecordingRecord): ErrorCode | null {
  if (isOpen(state)) return 'recording-open';
  if (state === 'deleted') return 'recording-deleted';
  return state === 'none' || state === 'failed' ? 'no-audio' : null;
}

const byAudioFault: Readonly<Record<AudioFault, ErrorCode>> = {
  open: 'recording-open',
  'key-destroyed': 'recording-deleted',
  missing: 'audio-damaged',
  damaged: 'audio-damaged',
  unavailable: 'unavailable',
};

const byConversionFault: Readonly<Record<ConversionFault, ErrorCode>> = {
  busy: 'conversion-busy',
  unsupported: 'conversion-unsupported',
  damaged: 'audio-damaged',
};

/** What is to be sent; a form that converts nothing has a `release` that gives back nothing. */
async function openBody(
  { audio, converter, logger }: ApiDeps,
  recording: RecordingRecord,
  wanted: FileKind | null,
  headOnly: boolean,
): Promise<Result<Conversion, ErrorCode>> {
  const opened = await audio.open(recording);
  if (!opened.ok) {
    if (opened.error !== 'open')
      logger.error('audio-not-opened', { recordingId: recording.id, fault: opened.error });
    return err(byAudioFault[opened.error]);
  }
  const kept = opened.value;
  const kind = kindToMake(recording, kept, wanted);
  if (kind === null) return ok(asKept(recording, kept));
  const close = (): void => {
    kept.close();
  };
  // HEAD says what GET would, and takes no place from those who listen.
  if (headOnly) {
    const planned = await converter.plan(recording, kept, kind).finally(close);
    return planned.ok
      ? ok({ form: planned.value, release: () => undefined })
      : err(byConversionFault[planned.error]);
  }
  const conversion = await converter.convert(recording, kept, kind);
  if (conversion.ok) return ok(closing(conversion.value, close));
  close();
  return err(byConversionFault[conversion.error]);
}

/** Null: as it is kept. The samples of an MP3 that is still to be encoded are encoded for who listens. */
function kindToMake(recording: RecordingRecord, kept: OpenAudio, wanted: FileKind | null): FileKind | null {
  const kind = wanted ?? (kept.format === recording.format ? null : fileKind(recording.format));
  return kind === kept.format ? null : kind;
}

/** The tag names the recording, whose bytes never change, so that a player may go on while it is being sealed. */
function asKept(recording: RecordingRecord, kept: OpenAudio): Conversion {
  const { size, contentType, format } = kept;
  const read = (start: number, end: number): AsyncIterable<Uint8Array> => kept.read(start, end);
  return {
    form: {
      size,
      contentType,
      kind: fileKind(format),
      ranges: true,
      etag: `"${recording.id}-${format}"`,
      read,
    },
    release: () => {
      kept.close();
    },
  };
}

function closing({ form, release }: Conversion, close: () => void): Conversion {
  return {
    form,
    release: () => {
      release();
      close();
    },
  };
}

function describe(reply: FastifyReply, recording: RecordingRecord, form: AudioForm, download: boolean): void {
  reply.headers({
    'content-type': form.contentType,
    etag: form.etag,
    'accept-ranges': form.ranges ? 'bytes' : 'none',
    'content-disposition': `${download ? 'attachment' : 'inline'}; filename="${fileName(recording, form.kind)}"`,
  });
}

/** Made of our own id and time alone: no number of a party, nothing a caller could have written. */
function fileName({ id, startedAt }: RecordingRecord, kind: AudioForm['kind']): string {
  const time = (startedAt ?? '').replace(/[^0-9TZ]/g, '').slice(0, 15);
  const safe = id.replace(/[^A-Za-z0-9-]/g, '').slice(0, 64);
  return `recording-${time === '' ? '' : `${time}-`}${safe}.${kind}`;
}

function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  { form, release }: Conversion,
  failed: (error: unknown) => void,
): FastifyReply {
  const { headers } = request;
  if (matches(headers['if-none-match'], form.etag)) {
    release();
    return reply.code(304).send();
  }
  const range = rangeOf(headers, form);
  if (range === 'unsatisfiable') {
    release();
    reply.header('content-range', `bytes */${form.size}`);
    return sendProblem(dropRepresentation(reply), 'range-not-satisfiable');
  }
  const { start, end } = range === 'whole' ? { start: 0, end: form.size } : range;
  if (range !== 'whole') reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${form.size}`);
  reply.header('content-length', end - start);
  if (request.method === 'HEAD' || end === start) {
    release();
    return reply.send();
  }
  const stream = Readable.from(exactly(form.read(start, end), end - start), { objectMode: false });
  stream.once('close', release);
  // A stream closes only once its source has answered; a listener that goes away is gone now.
  reply.raw.once('close', release);
  stream.once('error', failed);
  return reply.send(stream);
}

/** What was said of the audio does not hold for a problem. */
function dropRepresentation(reply: FastifyReply): FastifyReply {
  for (const name of ['etag', 'content-disposition']) reply.removeHeader(name);
  return reply;
}

function rangeOf(headers: FastifyRequest['headers'], form: AudioForm): RangeAnswer {
  if (!form.ranges) return 'whole';
  // RFC 9110 §13.1.5: the range holds only for the representation the client has.
  const condition = headers['if-range'];
  if (typeof condition === 'string' && condition !== form.etag) return 'whole';
  return parseRange(headers.range, form.size);
}

/** RFC 9110 §13.1.2, by weak comparison. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((each) => {
    const tag = each.trim();
    return tag === '*' || tag.replace(/^W\//, '') === etag;
  });
}
