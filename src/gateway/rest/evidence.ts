/** What procedures were learned from: the calls that prove one, and the archive's episodes with their calls. */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { Outcome } from '../../../machines/words/episodes.ts';
import type { CallView, EpisodeView, ProvingCall } from '../knowledge-needs.ts';
import { count } from '../tools/tool.ts';
import { cursorField, momentAndId, nextField, readCursor, toNext } from './cursor.ts';
import { sendValue } from './problem.ts';
import { parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';
import { isName } from './tasks.ts';

/** Episodes in one answer, and calls with what was recorded of them. */
export const episodesListedMax = 200;
export const evidenceListedMax = 50;

const call = z.object({
  call_id: z.string(),
  server: z.string(),
  tool: z.string(),
  name: z.string(),
  args: z.unknown().describe('As recorded: redacted, null where nothing is known.'),
  result: z.unknown(),
  error: z.boolean(),
  at: z.string(),
});
const provingCall = call.extend({ episode_id: z.string(), position: z.int() });
const episodeAnswer = z.object({
  episode_id: z.string(),
  principal: z.string(),
  session: z.string(),
  task: z.string(),
  outcome: Outcome,
  end: z.string(),
  started_at: z.string(),
  ended_at: z.string(),
});

const evidenceQuery = z.object({ limit: count(1, evidenceListedMax).default(20), cursor: cursorField });

export const sopEvidence: Resource = {
  method: 'GET',
  path: '/sops/:id/evidence',
  scope: 'sop:read',
  docs: {
    summary: 'List the calls that prove a procedure, the newest first',
    query: evidenceQuery,
    answer: z.object({ calls: z.array(provingCall), next: nextField }),
  },
  answer: async ({ needs, res, url, namespace, id }) => {
    const { limit, cursor } = parseQuery(evidenceQuery, url, ['limit', 'cursor']);
    const [below] = readCursor(z.tuple([count(0, 2_147_483_647)]), cursor) ?? [];
    const found = await needs.knowledge.evidence({ namespace, sopId: id.slice(0, 200), limit, below });
    if (found.length === 0 && (await needs.sops.get(namespace, id.slice(0, 200))) === undefined)
      throw new DreyError('sop_unknown', 'no SOP has this id in this namespace');
    sendValue(res, 200, {
      calls: found.map(toProvingCall),
      next: toNext(found, limit, ({ place }) => [place]),
    });
  },
};

const query = z.object({ limit: count(1, episodesListedMax).default(50), cursor: cursorField });

export const episodes: Resource = {
  method: 'GET',
  path: '/episodes',
  scope: 'sop:read',
  docs: {
    summary: 'List episodes that procedures are learned from, the latest first',
    query,
    answer: z.object({ episodes: z.array(episodeAnswer), next: nextField }),
  },
  answer: async ({ needs, res, url, namespace }) => {
    const { limit, cursor } = parseQuery(query, url, ['limit', 'cursor']);
    const found = await needs.knowledge.episodes({
      namespace,
      limit,
      after: readCursor(momentAndId, cursor),
    });
    const next = toNext(found, limit, ({ startedAt, episodeId }) => [startedAt, episodeId]);
    sendValue(res, 200, { episodes: found.map(toEpisode), next });
  },
};

export const episode: Resource = {
  method: 'GET',
  path: '/episodes/:id',
  scope: 'sop:read',
  docs: { summary: 'Show an episode with its calls', answer: episodeAnswer.extend({ calls: z.array(call) }) },
  answer: async ({ needs, res, namespace, id }) => {
    const found = isName(id) ? await needs.knowledge.episode(namespace, id) : undefined;
    if (found === undefined) throw unknown('episode');
    sendValue(res, 200, { ...toEpisode(found), calls: found.calls.map(toCall) });
  },
};

export const archivedCall: Resource = {
  method: 'GET',
  path: '/calls/:id',
  scope: 'sop:read',
  docs: { summary: 'Show a call of the archive', answer: provingCall },
  answer: async ({ needs, res, namespace, id }) => {
    const found = isName(id) ? await needs.knowledge.call(namespace, id) : undefined;
    if (found === undefined) throw unknown('call');
    sendValue(res, 200, toProvingCall(found));
  },
};

function toCall({ callId, server, tool, name, args, result, error, at }: CallView): z.output<typeof call> {
  return { call_id: callId, server, tool, name, args: args ?? null, result: result ?? null, error, at };
}

function toProvingCall(found: ProvingCall): z.output<typeof provingCall> {
  return { ...toCall(found), episode_id: found.episodeId, position: found.position };
}

function toEpisode(found: EpisodeView): z.output<typeof episodeAnswer> {
  const { episodeId, principal, session, task, outcome, end, startedAt, endedAt } = found;
  return {
    episode_id: episodeId,
    principal,
    session,
    task,
    outcome,
    end,
    started_at: startedAt,
    ended_at: endedAt,
  };
}

function unknown(what: 'episode' | 'call'): DreyError {
  return new DreyError('episode_unknown', `no ${what} of the archive has this id in this namespace`);
}
