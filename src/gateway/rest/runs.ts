/**
 * Guided runs: begun from a procedure, moved on one call at a time, ended. A run belongs to who began it; its calls go
 * out through a session of that one, with everything that holds for calls.
 */
import { z } from 'zod';
import { createId } from '../../../machines/words/ids.ts';
import { limits } from '../../../machines/words/limits.ts';
import { runLimits } from '../../../machines/words/runs.ts';
import type { Session } from '../needs.ts';
import { assertMay } from '../permission.ts';
import { RunAnswer, RunListed, toRunAnswer, toRunListed } from '../runs/run-answer.ts';
import { fingerprintCharsMax } from '../runs/run-offer.ts';
import { openRunSession } from '../runs/run-session.ts';
import { cancelRun, moveRun, needRuns, readRun, startRun } from '../runs/runs.ts';
import type { RunMover } from '../runs/runs.ts';
import type { RunStanding } from '../runs-need.ts';
import { count, text } from '../tools/tool.ts';
import { cursorField, idAlone, nextField, readCursor, toNext } from './cursor.ts';
import { sendValue } from './problem.ts';
import { parseJsonBody, parseQuery } from './resource.ts';
import type { Resource, RestRequest } from './resource.ts';

const runsListedMax = 100;

const begun = z.object({
  task: text('the task', limits.taskTextMax)
    .optional()
    .describe('The task at hand, whose words fill arguments; the trigger where it is left out.'),
  dry_run: z.boolean().default(false).describe('Only shows what would be done.'),
});

export const beginRun: Resource = {
  method: 'POST',
  path: '/sops/:id/runs',
  scope: 'tool:call',
  alsoScope: 'sop:read',
  docs: {
    summary: 'Begin a guided run of a procedure',
    description: 'Nothing is called yet: move it on with `/runs/:id/steps`.',
    body: begun,
    status: 201,
    answer: RunAnswer,
    example: { task: 'deploy version 1.4 to staging', dry_run: true },
  },
  answer: async (request) => {
    const { task, dry_run: dryRun } = await parseJsonBody(begun, request.req);
    const { needs, id } = request;
    const sessionId = createId('session', needs.ids);
    const standing = await startRun(toMover(request), { sopId: id, task, sessionId, dryRun });
    send(request, standing, 201);
  },
};

const said = z.object({
  inputs: z
    .record(z.string().max(300), z.unknown())
    .optional()
    .describe('Values by the paths that are missing, or other ones than those bound.'),
  approve: z
    .boolean()
    .optional()
    .describe(
      'true makes the call that is waited for, which needs the scope tool:approve; false ends the run.',
    ),
  skip: z.boolean().optional().describe('Leaves this step out.'),
  step: count(0, runLimits.stepsMax)
    .optional()
    .describe(
      'The step that is meant, needed with approve and skip; refused where the run has gone on meanwhile.',
    ),
  fingerprint: z
    .string()
    .max(fingerprintCharsMax)
    .optional()
    .describe(
      '`next.fingerprint` of the call that was shown, needed for a yes; refused where it is another now.',
    ),
});

export const stepRun: Resource = {
  method: 'POST',
  path: '/runs/:id/steps',
  scope: 'tool:call',
  docs: {
    summary: 'Move a run on by one call, or answer what it waits for',
    description: 'It stops before a call that needs a value or a yes, and after each call.',
    body: said,
    answer: RunAnswer,
    example: { approve: true, step: 1, fingerprint: '3f2a91c07be4d815' },
  },
  answer: async (request) => {
    const given = await parseJsonBody(said, request.req, 128 * 1024);
    // A yes is a person's: an agent's own key cannot give it.
    if (given.approve === true) assertMay(request.principal, 'tool:approve');
    send(request, await moveRun(toMover(request), request.id, given), 200);
  },
};

const ended = z.object({ reason: text('a reason', 500).default('ended by hand') });

export const endRun: Resource = {
  method: 'POST',
  path: '/runs/:id/cancel',
  scope: 'tool:call',
  docs: { summary: 'End a run before its end', body: ended, answer: RunAnswer, example: {} },
  answer: async (request) => {
    const { reason } = await parseJsonBody(ended, request.req);
    send(request, await cancelRun(toMover(request), request.id, reason), 200);
  },
};

export const run: Resource = {
  method: 'GET',
  path: '/runs/:id',
  scope: 'sop:read',
  docs: { summary: 'Show a guided run', answer: RunAnswer },
  answer: async (request) => send(request, await readRun(request, request.id), 200),
};

const listQuery = z.object({
  waiting: z
    .enum(['true', 'false'], { error: 'must be "true" or "false"' })
    .optional()
    .describe('true: those that wait for a person; false: all others; both unless stated.'),
  limit: count(1, runsListedMax).default(20),
  cursor: cursorField,
});

export const runs: Resource = {
  method: 'GET',
  path: '/runs',
  scope: 'sop:read',
  docs: {
    summary: 'List guided runs, the one that was begun last first',
    description:
      'One’s own; those of everybody for the node’s local principal. Arguments are told of one run only. A run keeps its place, however it moves while pages are read.',
    query: listQuery,
    answer: z.object({ runs: z.array(RunListed), next: nextField }),
  },
  answer: async ({ needs, res, url, namespace, principal }) => {
    const { waiting, limit, cursor } = parseQuery(listQuery, url, ['waiting', 'limit', 'cursor']);
    const found = await needRuns(needs).list({
      namespace,
      principal: principal.local ? undefined : principal.id,
      waiting: waiting === undefined ? undefined : waiting === 'true',
      after: readCursor(idAlone, cursor),
      limit,
    });
    const next = toNext(found, limit, ({ runId }) => [runId]);
    sendValue(res, 200, { runs: found.map(toRunListed), next });
  },
};

function toMover({ needs, namespace, principal, res }: RestRequest): RunMover {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  let opened: Session | undefined;
  return {
    needs,
    namespace,
    principal,
    signal: gone.signal,
    via: 'rest',
    session: (sessionId, owner) =>
      (opened ??= openRunSession(needs, { sessionId, owner, namespace, asker: principal })),
  };
}

function send({ needs, res }: RestRequest, standing: RunStanding, status: number): void {
  sendValue(res, status, toRunAnswer(standing, needs.catalogue().tools));
}
