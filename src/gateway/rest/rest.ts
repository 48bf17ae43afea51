/**
 * REST under `/api/v1`, one file a resource, and the health check. It finds the resource, the namespace and the right
 * answer to everything that is not one.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { toRefusalHeaders } from '../admission.ts';
import type { EndpointOptions } from '../mcp/exchange.ts';
import { toRetryAfterMs } from '../mcp/rpc-errors.ts';
import { resolveNamespace } from '../namespace.ts';
import type { Admission, Principal } from '../needs.ts';
import { assertMay, readLacking, toLackingHeaders } from '../permission.ts';
import { auditRefusal } from '../refusals.ts';
import { toThrownSentence } from '../thrown.ts';
import { writePattern, writeSop } from './acontext.ts';
import { actorThen } from './actor-then.ts';
import { actors } from './actors.ts';
import { addAgent, agent, agents, disableAgent, enableAgent } from './agents.ts';
import { ask } from './ask.ts';
import { contextChanges } from './context-changes.ts';
import { contextVersions, contextWrite, rollbackContext, syncContext } from './context-versions.ts';
import { archiveContext, changeContext, context, contexts, makeContext, shareContext } from './contexts.ts';
import { backtests, oneBacktest, startBacktest } from './backtests.ts';
import { audit, exportAudit, verifyAudit } from './audit.ts';
import { deadLetter, deadLetters, dropDeadLetter, retryDeadLetter } from './dead.ts';
import { replayEvents } from './events-replay.ts';
import { events } from './events.ts';
import { archivedCall, episode, episodes, sopEvidence } from './evidence.ts';
import { feedback } from './feedback.ts';
import { hooks } from './hooks.ts';
import { importEpisodes } from './import.ts';
import { createKey, keys, revokeKey, rotateKey } from './keys.ts';
import { learning } from './learning.ts';
import {
  forgetMemory,
  linkMemory,
  memories,
  memory,
  neighbours,
  path as graphPath,
  storeMemory,
  updateMemory,
} from './memories.ts';
import { forgetLearned, learningPause, pauseLearning, resumeLearning } from './learning-controls.ts';
import { createOpenApi } from './openapi.ts';
import { sendProblem, sendValue } from './problem.ts';
import { approvedPattern, onePattern, patterns } from './patterns.ts';
import { problemOfCode, problems } from './problems.ts';
import { relearn, relearned } from './relearn.ts';
import { report } from './report.ts';
import { reload } from './reload.ts';
import type { Resource } from './resource.ts';
import { beginRun, endRun, run, runs, stepRun } from './runs.ts';
import { session, sessions } from './sessions.ts';
import { shutdown } from './shutdown.ts';
import { editSop, rollBackSop, sopDiff, sopVersions } from './sop-edits.ts';
import { exportedSop, importSop } from './sop-exchange.ts';
import { sop, sops } from './sops.ts';
import { statusChanges } from './status-changes.ts';
import { status } from './status.ts';
import { system } from './system.ts';
import { traces } from './traces.ts';
import { task, tasks } from './tasks.ts';
import { approveTools, reviewTools, tools } from './tools.ts';

/** Every resource; a new one is a file and a word here. */
export const resources: readonly Resource[] = [
  status,
  statusChanges,
  system,
  sops,
  sop,
  editSop,
  rollBackSop,
  sopVersions,
  sopDiff,
  exportedSop,
  importSop,
  sopEvidence,
  beginRun,
  runs,
  run,
  stepRun,
  endRun,
  writeSop,
  writePattern,
  patterns,
  onePattern,
  approvedPattern,
  feedback,
  episodes,
  episode,
  archivedCall,
  tasks,
  task,
  tools,
  reviewTools,
  approveTools,
  contexts,
  makeContext,
  context,
  changeContext,
  archiveContext,
  shareContext,
  contextVersions,
  contextChanges,
  rollbackContext,
  syncContext,
  contextWrite,
  sessions,
  session,
  events,
  replayEvents,
  actors,
  actorThen,
  deadLetters,
  deadLetter,
  retryDeadLetter,
  dropDeadLetter,
  agents,
  agent,
  addAgent,
  disableAgent,
  enableAgent,
  keys,
  createKey,
  rotateKey,
  revokeKey,
  learning,
  learningPause,
  pauseLearning,
  resumeLearning,
  forgetLearned,
  relearn,
  relearned,
  startBacktest,
  backtests,
  oneBacktest,
  report,
  audit,
  verifyAudit,
  exportAudit,
  ask,
  memories,
  storeMemory,
  memory,
  updateMemory,
  forgetMemory,
  linkMemory,
  neighbours,
  graphPath,
  importEpisodes,
  traces,
  hooks,
  reload,
  shutdown,
  createOpenApi(() => resources),
  problems,
  problemOfCode,
];

const prefix = '/api/v1';

export interface Rest {
  handle(req: IncomingMessage, res: ServerResponse, url: URL, admission: Admission): void;
  /** Ends the streams that are open. */
  close(): void;
}

/** Opens the REST face. */
export function openRest(options: EndpointOptions): Rest {
  const open = new Set<ServerResponse>();
  const followers = new Set<ServerResponse>();
  return {
    handle: (req, res, url, admission) => {
      open.add(res);
      res.once('close', () => open.delete(res));
      if (url.pathname === '/healthz') return answerHealth(options, res, admission);
      if (!admission.ok) {
        const { status: code, code: word, sentence } = admission;
        return sendProblem(res, { status: code, code: word, sentence, headers: toRefusalHeaders(admission) });
      }
      answer(options, { req, res, url, principal: admission.principal, followers }).catch(
        async (error: unknown) => {
          const asked = { principal: admission.principal, object: `${req.method} ${url.pathname}` };
          await auditRefusal(options.needs, asked, error);
          const { status: code, plain } = toThrownSentence(error, options.needs.log);
          const scope = readLacking(error);
          const headers = scope === undefined ? {} : toLackingHeaders(options.needs, scope);
          if (res.headersSent) res.end();
          sendProblem(res, {
            status: code,
            code: plain.code,
            sentence: plain.message,
            headers: { ...closing(req), ...headers, ...toRetryAfter(error) },
          });
        },
      );
    },
    close: () => {
      for (const res of open) res.end();
    },
  };
}

/** A body that was not read to its end cannot be followed by another request. */
function closing(req: IncomingMessage): Readonly<Record<string, string>> {
  return req.complete ? {} : { connection: 'close' };
}

/** Seconds until it is worth trying again, as HTTP says it. */
function toRetryAfter(error: unknown): Readonly<Record<string, string>> {
  const waitMs = toRetryAfterMs(error);
  return waitMs === undefined ? {} : { 'retry-after': String(Math.ceil(waitMs / 1_000)) };
}

/** Health needs no key: it says nothing but yes or no. A wrong Host or Origin is refused all the same. */
function answerHealth(options: EndpointOptions, res: ServerResponse, admission: Admission): void {
  if (!admission.ok && admission.status !== 401) {
    sendProblem(res, { status: admission.status, code: admission.code, sentence: admission.sentence });
    return;
  }
  sendValue(res, options.isDraining() ? 503 : 200, { status: options.isDraining() ? 'draining' : 'ok' });
}

interface Asked {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly url: URL;
  readonly principal: Principal;
  readonly followers: Set<ServerResponse>;
}

async function answer(options: EndpointOptions, asked: Asked): Promise<void> {
  const { req, res, url, principal } = asked;
  const found = findResources(url.pathname);
  if (found.length === 0) {
    const sentence = `there is nothing at this path; ${prefix} has ${resources.map((one) => one.path).join(', ')}`;
    return sendProblem(res, { status: 404, code: 'method_unknown', sentence });
  }
  const match = found.find(({ resource }) => resource.method === req.method);
  if (match === undefined) {
    const allow = found.map(({ resource }) => resource.method).join(', ');
    return sendProblem(res, {
      status: 405,
      code: 'method_unknown',
      sentence: `use ${allow} here`,
      headers: { allow },
    });
  }
  const namespace = resolveNamespace(
    url.searchParams.get('namespace') ?? undefined,
    principal.namespace,
    principal,
  );
  const { scope, alsoScope } = match.resource;
  for (const one of [scope, alsoScope]) if (one !== undefined) assertMay(principal, one);
  await match.resource.answer({ ...options, ...asked, namespace, ids: match.ids, id: match.ids.id ?? '' });
}

function findResources(path: string): readonly { resource: Resource; ids: Record<string, string> }[] {
  if (!path.startsWith(`${prefix}/`)) return [];
  const parts = path.slice(prefix.length).split('/');
  return resources.flatMap((resource) => {
    const pattern = resource.path.split('/');
    if (pattern.length !== parts.length) return [];
    const ids: Record<string, string> = {};
    for (const [index, part] of pattern.entries()) {
      const given = parts[index] ?? '';
      if (part.startsWith(':') && given !== '') ids[part.slice(1)] = decode(given);
      else if (part !== given) return [];
    }
    return [{ resource, ids }];
  });
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
