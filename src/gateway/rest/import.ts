/**
 * `POST /import`: a stream of episodes, one JSON object a line. Lines are read as fast as they are taken in, so that an
 * import of any size needs the memory of one line.
 */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { Outcome } from '../../../machines/words/episodes.ts';
import type { ImportedEpisode } from '../../../machines/words/episodes.ts';
import { limits } from '../../../machines/words/limits.ts';
import { createLineCutter } from '../mcp/lines.ts';
import { parseMessage } from '../mcp/parse-message.ts';
import { parseArguments } from '../tools/tool.ts';
import { sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

const when = z.iso.datetime({ offset: true, error: 'must be a time as in 2026-01-31T12:00:00Z' });

const call = z.object({
  server: z.string().max(100).optional(),
  tool: z.string().min(1).max(300),
  /** What was cut away, or never came, is not there: JSON has no word for it. */
  args: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.boolean(),
  at: when.optional(),
  id: z.string().min(1).max(300).optional(),
});

const episode = z.object({
  source: z.string().min(1).max(300),
  key: z.string().min(1).max(300),
  task: z.string().max(limits.taskTextMax),
  outcome: Outcome,
  agent: z.string().max(300),
  startedAt: when.optional(),
  calls: z.array(call).max(limits.episodeCallsMax),
});

export const importEpisodes: Resource = {
  method: 'POST',
  path: '/import',
  scope: 'import:write',
  docs: {
    summary: 'Take in episodes, one JSON object a line',
    description: 'The same episode again changes nothing; one that has grown adds what is new.',
    body: episode,
    bodyType: 'application/x-ndjson',
    answer: z.object({ episodes: z.int(), calls: z.int(), duplicates: z.int() }),
  },
  answer: async ({ needs, req, res, namespace, principal }) => {
    const type = req.headers['content-type'] ?? '';
    if (!/^application\/(x-ndjson|jsonl|json)\b/.test(type)) {
      throw new DreyError(
        'argument_invalid',
        'Content-Type must be application/x-ndjson: one episode a line',
      );
    }
    sendValue(res, 200, await needs.importEpisodes(namespace, principal, readEpisodes(req)));
  },
};

/** The episodes of a body, line by line; a bad line ends the import with its number. */
async function* readEpisodes(req: IncomingMessage): AsyncGenerator<ImportedEpisode> {
  const cutter = createLineCutter(limits.messageBytesMax);
  let line = 0;
  for await (const chunk of withLastLineEnd(req)) {
    const lines = cutter.push(chunk);
    if (lines === undefined) {
      throw new DreyError(
        'body_too_large',
        `line ${line + 1} is longer than ${limits.messageBytesMax} bytes`,
      );
    }
    for (const bytes of lines) {
      line += 1;
      yield readEpisode(bytes, line);
    }
  }
}

async function* withLastLineEnd(req: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  for await (const chunk of req) {
    if (Buffer.isBuffer(chunk)) yield chunk;
  }
  yield Buffer.from('\n');
}

function readEpisode(bytes: Buffer, line: number): ImportedEpisode {
  const parsed = parseMessage(bytes);
  if (!parsed.ok) throw new DreyError('body_malformed', `line ${line}: ${parsed.sentence}`);
  try {
    const { startedAt, calls, ...rest } = parseArguments(episode, parsed.body);
    return {
      ...rest,
      ...(startedAt === undefined ? {} : { startedAt }),
      calls: calls.map(({ server, at, id, args, result, ...facts }) => ({
        ...facts,
        args: args ?? null,
        result,
        ...(server === undefined ? {} : { server }),
        ...(at === undefined ? {} : { at }),
        ...(id === undefined ? {} : { id }),
      })),
    };
  } catch (error) {
    const sentence = error instanceof Error ? error.message : 'it is no episode';
    throw new DreyError('argument_invalid', `line ${line}: ${sentence}`, { cause: error });
  }
}
