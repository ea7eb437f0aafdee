import type { ErrorCode } from '../../kernel/errors.ts';
import type { ApiDeps } from '../create-api.ts';
import { secured } from '../open-api.ts';
import type { PeaksFault } from '../ports.ts';
import { problems, sendProblem } from '../problem.ts';
import { idParams, peaksSchema } from '../schemas.ts';
import { audioRefusal } from './audio-route.ts';
import type { RouteApp } from './route-app.ts';

const byFault: Readonly<Record<PeaksFault, ErrorCode>> = {
  none: 'peaks-not-found',
  'key-destroyed': 'recording-deleted',
  damaged: 'audio-damaged',
  unavailable: 'unavailable',
};

export function peaksRoute(app: RouteApp, { records, audio, logger }: ApiDeps): void {
  app.get(
    '/recordings/:id/peaks',
    {
      schema: {
        tags: ['recordings'],
        security: secured,
        summary: 'The waveform, to draw it without the audio',
        params: idParams,
        response: {
          200: peaksSchema,
          ...problems(
            'unauthorized',
            'recording-not-found',
            'no-audio',
            'peaks-not-found',
            'recording-open',
            'recording-deleted',
            'audio-damaged',
            'unavailable',
          ),
        },
      },
    },
    async (request, reply) => {
      const recording = await records.recording(request.params.id);
      if (recording === null) return sendProblem(reply, 'recording-not-found');
      const refused = audioRefusal(recording);
      if (refused !== null) return sendProblem(reply, refused);
      const peaks = await audio.peaks(recording);
      if (peaks.ok) return reply.send(peaks.value);
      logger.warn('peaks-not-opened', { recordingId: recording.id, fault: peaks.error });
      return sendProblem(reply, byFault[peaks.error]);
    },
  );
}
