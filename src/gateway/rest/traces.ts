/**
 * `POST /v1/traces`: where OpenTelemetry exporters send the spans of agents, as JSON or protobuf, packed or not. What
 * is answered is that the spans were understood; they become episodes when their traces are whole.
 */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { decodeTraces, isTraces } from '../../importers/importers.ts';
import type { TraceBatch } from '../../importers/importers.ts';
import { parseMessage } from '../mcp/parse-message.ts';
import { readBody } from '../mcp/read-body.ts';
import { sendProblem, sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

/** Bytes of one batch, packed and unpacked: twice what exporters send by default. */
const batchBytesMax = 16 * 1024 * 1024;

const unpackers = new Map([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
]);

const Batch = z.object({ resourceSpans: z.array(z.unknown()) });

export const traces: Resource = {
  method: 'POST',
  path: '/traces',
  scope: 'import:write',
  docs: {
    summary: 'Take in spans (OTLP); exporters find it at /v1/traces',
    description: 'A trace is a task, its tool spans are the calls, evaluation results are its outcome.',
    body: Batch,
    answer: z.object({
      partialSuccess: z.object({ rejectedSpans: z.string(), errorMessage: z.string() }).optional(),
    }),
  },
  answer: async ({ needs, req, res, namespace, principal }) => {
    const type = /^application\/(json|x-protobuf)\b/.exec(req.headers['content-type'] ?? '')?.[1];
    if (type === undefined) {
      const sentence =
        'Content-Type must be application/json or application/x-protobuf, as OTLP over HTTP has it';
      return sendProblem(res, { status: 415, code: 'argument_invalid', sentence });
    }
    const bytes = await readBatch(req);
    const batch = type === 'json' ? parseBatch(bytes) : decodeBatch(bytes);
    const rejected = needs.receiveTraces(namespace, principal, batch);
    if (type === 'x-protobuf') {
      // An ExportTraceServiceResponse without fields: nothing was rejected that the exporter could mend.
      res.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': 0 }).end();
      return;
    }
    const partialSuccess = {
      rejectedSpans: String(rejected),
      errorMessage: 'spans without traceId or spanId',
    };
    sendValue(res, 200, rejected === 0 ? {} : { partialSuccess });
  },
};

async function readBatch(req: IncomingMessage): Promise<Buffer> {
  const body = await readBody(req, batchBytesMax);
  if (!body.ok) throw tooLarge();
  const encoding = req.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return body.bytes;
  const unpack = unpackers.get(encoding);
  if (unpack === undefined) {
    throw new DreyError('argument_invalid', 'Content-Encoding must be gzip, deflate or identity');
  }
  return unpack(body.bytes, { maxOutputLength: batchBytesMax }).catch((cause: unknown) => {
    if (cause instanceof RangeError) throw tooLarge();
    throw new DreyError('body_malformed', `the body is no ${encoding} data`, { cause });
  });
}

function tooLarge(): DreyError {
  return new DreyError('body_too_large', `a batch must be at most ${batchBytesMax} bytes; send smaller ones`);
}

function parseBatch(bytes: Buffer): TraceBatch {
  const parsed = parseMessage(bytes);
  if (!parsed.ok) throw new DreyError('body_malformed', parsed.sentence);
  if (!isTraces(parsed.body)) {
    throw new DreyError(
      'argument_invalid',
      'the body has no resourceSpans: it is no ExportTraceServiceRequest',
    );
  }
  return parsed.body;
}

function decodeBatch(bytes: Buffer): TraceBatch {
  try {
    return decodeTraces(bytes);
  } catch (cause) {
    throw new DreyError('body_malformed', 'the body is no protobuf of an ExportTraceServiceRequest', {
      cause,
    });
  }
}
