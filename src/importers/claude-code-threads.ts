/**
 * The open episodes of one Claude Code session: one for the conversation with the person, one for each sub-agent that
 * is at work. Their number, their calls and their size are bounded; a finished one is handed out and forgotten.
 */
import type { ImportedEpisode } from '../../machines/words/episodes.ts';
import { limits } from '../../machines/words/limits.ts';
import type { Entry, ToolAnswer, ToolUse } from './claude-code-entry.ts';
import { createAllowance } from './values.ts';
import type { Allowance } from './values.ts';

/** Episodes open at a time: the conversation and its sub-agents. */
const openMax = 9;
/** Lines remembered to tell which sub-agent a later line belongs to (versions that write no agent id). */
const lineageMax = 10_000;

interface Call {
  readonly server?: string;
  readonly tool: string;
  readonly args: unknown;
  readonly at?: string;
  result: unknown;
  error: boolean;
}

interface Open {
  readonly key: string;
  readonly task: string;
  readonly startedAt: string | undefined;
  readonly allowance: Allowance;
  readonly calls: Call[];
  /** By tool use id; a line that is there twice adds no second call. */
  readonly byId: Map<string, Call>;
}

export interface Threads {
  /** Takes one line and gives back the episodes it finished. */
  readonly take: (entry: Entry, line: number) => ImportedEpisode[];
  /** Finishes everything, in the order in which it was opened. */
  readonly closeAll: () => ImportedEpisode[];
}

/** Follows one file; `source` names what has neither uuid nor session id. */
export function createThreads(source: string): Threads {
  const open = new Map<string, Open>();
  const lineage = new Map<string, string>();
  let session = '';

  const close = (route: string, interrupted: boolean): ImportedEpisode[] => {
    const episode = open.get(route);
    open.delete(route);
    // Words without a call are a chat, not a procedure.
    return episode === undefined || episode.calls.length === 0 ? [] : [toEpisode(episode, interrupted)];
  };
  const closeAll = (): ImportedEpisode[] => {
    lineage.clear();
    return [...open.keys()].flatMap((route) => close(route, false));
  };

  /** The conversation, or the sub-agent a line belongs to: by its id, else by the line it answers. */
  const toRoute = (entry: Entry): string => {
    if (!entry.sidechain) return 'main';
    if (entry.agent !== undefined) return `agent ${entry.agent}`;
    const route = lineage.get(entry.parent ?? '') ?? `chain ${entry.uuid ?? ''}`;
    if (entry.uuid !== undefined) lineage.set(entry.uuid, route);
    if (lineage.size > lineageMax) lineage.delete(lineage.keys().next().value ?? '');
    return route;
  };

  const begin = (route: string, entry: Entry, line: number, task: string): Open => {
    const key = entry.uuid ?? `${entry.session === '' ? source : entry.session}#${line}`;
    const episode: Open = {
      key,
      task,
      startedAt: entry.at,
      allowance: createAllowance(),
      calls: [],
      byId: new Map(),
    };
    open.set(route, episode);
    return episode;
  };

  const take = (entry: Entry, line: number): ImportedEpisode[] => {
    const done: ImportedEpisode[] = entry.session === session ? [] : closeAll();
    session = entry.session;
    const route = toRoute(entry);
    for (const fact of entry.facts) {
      if (fact.kind === 'answer') settle(open, fact);
      else if (fact.kind === 'interrupt') done.push(...close(route, true));
      else if (fact.kind === 'prompt') {
        done.push(...close(route, false));
        begin(route, entry, line, fact.task);
      } else addCall(open.get(route) ?? begin(route, entry, line, ''), fact, entry.at);
    }
    while (open.size > openMax) done.push(...close(toOldest(open, route), false));
    return done;
  };

  return { take, closeAll };
}

function addCall(episode: Open, use: ToolUse, at: string | undefined): void {
  if (episode.byId.has(use.id) || episode.calls.length >= limits.episodeCallsMax) return;
  const call: Call = {
    ...(use.server === undefined ? {} : { server: use.server }),
    tool: use.tool,
    args: episode.allowance.keep(use.args ?? {}) ?? null,
    ...(at === undefined ? {} : { at }),
    result: undefined,
    // Until an answer is found: a call that never ended must not count as one that went well.
    error: true,
  };
  episode.calls.push(call);
  episode.byId.set(use.id, call);
}

function settle(open: ReadonlyMap<string, Open>, answer: ToolAnswer): void {
  for (const episode of open.values()) {
    const call = episode.byId.get(answer.id);
    if (call === undefined) continue;
    call.result = episode.allowance.keep(answer.result);
    call.error = answer.error;
    return;
  }
}

/** The episode that was opened first, but never the one just written to. */
function toOldest(open: ReadonlyMap<string, Open>, current: string): string {
  for (const route of open.keys()) if (route !== current && route !== 'main') return route;
  return current;
}

function toEpisode(episode: Open, interrupted: boolean): ImportedEpisode {
  return {
    // One source for all sessions: a resumed or forked session repeats lines of another under the same uuid.
    source: 'claude-code',
    key: episode.key,
    task: episode.task,
    // Who stops the agent says that this was not it; otherwise nobody said how it ended.
    outcome: interrupted ? 'failure' : 'unknown',
    agent: 'claude-code',
    ...(episode.startedAt === undefined ? {} : { startedAt: episode.startedAt }),
    calls: episode.calls,
  };
}
