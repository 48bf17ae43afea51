/**
 * One conversation as episodes: what a person says opens one, the calls until the next word or an interrupt belong to
 * it. At most one episode is open; its calls and their size are bounded.
 */
import type { ImportedEpisode, Outcome } from '../../machines/words/episodes.ts';
import { limits } from '../../machines/words/limits.ts';
import { createAllowance, nameCharsMax, toCleanText } from './values.ts';
import type { Allowance } from './values.ts';
import type { ToolName } from './tool-names.ts';

/** What a message says about an episode. */
export type Fact =
  | { readonly kind: 'prompt'; readonly task: string }
  | { readonly kind: 'interrupt' }
  | ({ readonly kind: 'call'; readonly id: string; readonly args: unknown } & ToolName)
  | { readonly kind: 'answer'; readonly id: string; readonly result: unknown; readonly error: boolean };

export interface TurnsOptions {
  readonly source: string;
  readonly agent: string;
  /** What the conversation is called, for keys; changes are seen by the episodes that begin later. */
  readonly conversation: () => string;
  /**
   * What a call without an answer at the end is: the agent was stopped (`failed`), or the log was written before the
   * tool had answered and is no evidence (`left out`).
   */
  readonly unanswered: 'failed' | 'left out';
}

export interface Turns {
  /** Takes one fact and gives back the episode it ended. */
  readonly take: (fact: Fact, at?: string) => ImportedEpisode[];
  /** Ends what is open. */
  readonly close: (outcome?: Outcome) => ImportedEpisode[];
}

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
  readonly byId: Map<string, Call>;
  readonly answered: Set<Call>;
  /** The first call's id, where it is one of a kind. */
  named: string | undefined;
}

/** Follows one conversation. */
export function createTurns(options: TurnsOptions): Turns {
  let open: Open | undefined;
  let prompts = 0;

  const begin = (task: string, at: string | undefined): Open => {
    prompts += 1;
    const key = toCleanText(`${options.conversation()}#${prompts}`, nameCharsMax);
    return {
      key,
      task,
      startedAt: at,
      allowance: createAllowance(),
      calls: [],
      byId: new Map(),
      answered: new Set(),
      named: undefined,
    };
  };

  const close = (outcome: Outcome = 'unknown'): ImportedEpisode[] => {
    const episode = open;
    open = undefined;
    if (episode === undefined) return [];
    if (options.unanswered === 'left out') dropUnanswered(episode);
    // Words without a call are a chat, not a procedure.
    return episode.calls.length === 0 ? [] : [toEpisode(episode, outcome, options)];
  };

  const take = (fact: Fact, at?: string): ImportedEpisode[] => {
    if (fact.kind === 'interrupt') return close('failure');
    if (fact.kind === 'prompt') {
      const ended = close();
      open = begin(fact.task, at);
      return ended;
    }
    if (fact.kind === 'call') addCall((open ??= begin('', at)), fact, at);
    else if (open !== undefined) settle(open, fact);
    return [];
  };

  return { take, close };
}

function addCall(open: Open, fact: Fact & { kind: 'call' }, at: string | undefined): void {
  if (open.byId.has(fact.id) || open.calls.length >= limits.episodeCallsMax) return;
  const call: Call = {
    ...(fact.server === undefined ? {} : { server: fact.server }),
    tool: fact.tool,
    args: open.allowance.keep(fact.args ?? {}) ?? null,
    ...(at === undefined ? {} : { at }),
    result: undefined,
    // Until an answer is found: a call that never ended must not count as one that went well.
    error: true,
  };
  if (open.calls.length === 0 && isOneOfAKind(fact.id)) open.named = fact.id;
  open.calls.push(call);
  open.byId.set(fact.id, call);
}

function settle(open: Open, fact: Fact & { kind: 'answer' }): void {
  const call = open.byId.get(fact.id);
  if (call === undefined) return;
  // Said twice (an event, and the item the model is given): an error that was told once stays told.
  call.error = fact.error || (open.answered.has(call) && call.error);
  const kept = open.allowance.keep(fact.result);
  if (kept !== undefined) call.result = kept;
  open.answered.add(call);
}

function dropUnanswered(open: Open): void {
  for (
    let last = open.calls.at(-1);
    last !== undefined && !open.answered.has(last);
    last = open.calls.at(-1)
  ) {
    open.calls.pop();
  }
}

/** Ids that an API makes at random name the call wherever its conversation is repeated or resumed. */
function isOneOfAKind(id: string): boolean {
  return /^(?:[a-z]{2,12}_[A-Za-z0-9_-]{16,120}|[0-9a-f]{8}-[0-9a-f-]{27})$/.test(id);
}

function toEpisode(open: Open, outcome: Outcome, { source, agent }: TurnsOptions): ImportedEpisode {
  return {
    source,
    key: open.named ?? open.key,
    task: open.task,
    outcome,
    agent,
    ...(open.startedAt === undefined ? {} : { startedAt: open.startedAt }),
    calls: open.calls,
  };
}
