/**
 * Spans as episodes: a trace is a task, its tool spans are the calls. Spans come in any order (children end before
 * their parents), so traces are kept until nothing was heard of them for a while; how many, and how large, is bounded.
 */
import type { ImportedEpisode, Outcome } from '../../machines/words/episodes.ts';
import { limits } from '../../machines/words/limits.ts';
import type { ToolName } from './tool-names.ts';
import { createAllowance, nameCharsMax, toCleanText } from './values.ts';
import type { Allowance } from './values.ts';

/** Traces that are kept open; the one that was heard of longest ago is finished first. */
const tracesMax = 256;
/** Values kept of all open traces together, in characters of JSON. */
const charsMax = 64 * 1024 * 1024;
/** Spans that are remembered of a trace beside its tools. */
const rootsMax = 64;
/** A trace without a root is whole when it was silent for so many rounds. */
const silentRounds = 12;

/** What one span says, whatever tracer wrote it. */
export interface Span {
  readonly trace: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly startedMs: number | undefined;
  /** The conversation the trace belongs to. */
  readonly conversation?: string | undefined;
  readonly agent?: string | undefined;
  /** What a person asked, where the span tells. */
  readonly task?: string | undefined;
  /** The call, where the span is a tool's. */
  readonly call?: (ToolName & { readonly args: unknown; readonly result: unknown }) | undefined;
  readonly failed: boolean;
  /** What an evaluation said of it. */
  readonly verdict?: Outcome | undefined;
}

interface ToolSpan {
  readonly span: Span;
  readonly args: unknown;
  readonly result: unknown;
}

interface Trace {
  readonly key: string;
  readonly allowance: Allowance;
  readonly tools: Map<string, ToolSpan>;
  readonly said: {
    readonly task: string;
    readonly at: number;
    readonly isRoot: boolean;
    readonly id: string;
  }[];
  verdict: Outcome | undefined;
  rootFailed: boolean;
  agent: string;
  /** Changed since it was last handed out. */
  dirty: boolean;
  hasRoot: boolean;
  /** The round in which it was last heard of. */
  heard: number;
}

export interface Traces {
  /** Takes one span; gives back the episodes that had to make room. */
  readonly take: (span: Span) => ImportedEpisode[];
  /** A verdict on a trace whose spans may have come before or may come later. */
  readonly judge: (trace: string, verdict: Outcome) => ImportedEpisode[];
  /** Finishes everything, in the order in which it was last heard of. */
  readonly closeAll: () => ImportedEpisode[];
  /**
   * What is whole by now and was not handed out yet: traces whose root has come, or of which nothing was heard the last
   * dozen times this was asked. They are not forgotten: a span that comes late is still put in its place.
   */
  readonly settled: () => ImportedEpisode[];
  /** Traces that were not handed out yet. */
  readonly waiting: () => number;
}

/** Follows the spans of one source. */
export function createTraces(source: string, options: { readonly charsMax?: number } = {}): Traces {
  const open = new Map<string, Trace>();
  const asked = new Map<string, string>();
  const keptMax = options.charsMax ?? charsMax;
  let chars = 0;
  let round = 0;

  const touch = (key: string): Trace => {
    const trace = open.get(key) ?? createTrace(key);
    open.delete(key);
    open.set(key, trace);
    trace.dirty = true;
    trace.heard = round;
    return trace;
  };
  const close = (key: string): ImportedEpisode[] => {
    const trace = open.get(key);
    open.delete(key);
    chars -= trace?.allowance.used() ?? 0;
    return trace?.dirty === true ? toEpisodes(trace, source, asked) : [];
  };
  const makeRoom = (): ImportedEpisode[] => {
    const done: ImportedEpisode[] = [];
    for (const key of open.keys()) {
      if (open.size <= tracesMax && (chars <= keptMax || open.size <= 1)) break;
      done.push(...close(key));
    }
    return done;
  };

  return {
    take: (span) => {
      // A tracer that makes a trace of each call ties them together by their conversation only.
      const isLone = span.parent === undefined && span.call !== undefined && span.conversation !== undefined;
      const trace = isLone ? touch(`conversation ${span.conversation}`) : touch(span.trace);
      const before = trace.allowance.used();
      addSpan(trace, span);
      remember(asked, span);
      chars += trace.allowance.used() - before;
      return makeRoom();
    },
    judge: (key, verdict) => {
      addVerdict(touch(key), verdict);
      return makeRoom();
    },
    closeAll: () => [...open.keys()].flatMap(close),
    settled: () => {
      round += 1;
      return [...open.values()].flatMap((trace) => {
        if (!trace.dirty || (!trace.hasRoot && round - trace.heard < silentRounds)) return [];
        trace.dirty = false;
        return toEpisodes(trace, source, asked);
      });
    },
    waiting: () => [...open.values()].filter((trace) => trace.dirty).length,
  };
}

function createTrace(key: string): Trace {
  return {
    key,
    allowance: createAllowance(),
    tools: new Map(),
    said: [],
    verdict: undefined,
    rootFailed: false,
    agent: '',
    dirty: true,
    hasRoot: false,
    heard: 0,
  };
}

function addSpan(trace: Trace, span: Span): void {
  const isRoot = span.parent === undefined;
  if (isRoot) trace.hasRoot = true;
  addTool(trace, span);
  const { task } = span;
  if (task !== undefined && task !== '' && trace.said.length < rootsMax) {
    trace.said.push({ task, at: span.startedMs ?? 0, isRoot, id: span.id });
  }
  if (span.verdict !== undefined) addVerdict(trace, span.verdict);
  if (isRoot && span.failed && span.call === undefined) trace.rootFailed = true;
  if (span.agent !== undefined && (trace.agent === '' || isRoot)) trace.agent = span.agent;
}

function addTool(trace: Trace, span: Span): void {
  const { call } = span;
  if (call === undefined || trace.tools.has(span.id) || trace.tools.size >= limits.episodeCallsMax) return;
  const args = trace.allowance.keep(call.args ?? {}) ?? null;
  const result = trace.allowance.keep(call.result);
  trace.tools.set(span.id, {
    span: { ...span, call: { ...call, args: undefined, result: undefined } },
    args,
    result,
  });
}

/** What was asked in a conversation, for calls whose own trace does not tell. */
function remember(asked: Map<string, string>, { conversation, task }: Span): void {
  if (conversation === undefined || task === undefined || task === '') return;
  const key = `conversation ${conversation}`;
  if (asked.has(key)) return;
  asked.set(key, task);
  if (asked.size > tracesMax) asked.delete(asked.keys().next().value ?? '');
}

/** Of several verdicts the bad one counts. */
function addVerdict(trace: Trace, verdict: Outcome): void {
  if (verdict !== 'unknown' && trace.verdict !== 'failure') trace.verdict = verdict;
}

function toEpisodes(trace: Trace, source: string, asked: ReadonlyMap<string, string>): ImportedEpisode[] {
  const tools = [...trace.tools.values()].filter((tool) => !isInner(tool, trace)).toSorted(byStart);
  const first = tools[0];
  if (first === undefined) return [];
  const startedAt = toIso(first.span.startedMs);
  return [
    {
      source,
      key: toCleanText(trace.key, nameCharsMax),
      task: toTask(trace) || (asked.get(trace.key) ?? ''),
      outcome: trace.verdict ?? (trace.rootFailed ? 'failure' : 'unknown'),
      agent: toCleanText(trace.agent, nameCharsMax),
      ...(startedAt === undefined ? {} : { startedAt }),
      calls: tools.map(({ span, args, result }) => {
        const at = toIso(span.startedMs);
        return {
          ...(span.call?.server === undefined ? {} : { server: span.call.server }),
          tool: span.call?.tool ?? '',
          args,
          result,
          error: span.failed,
          id: toCleanText(span.id, nameCharsMax),
          ...(at === undefined ? {} : { at }),
        };
      }),
    },
  ];
}

/** The span of an MCP client or server inside the span of the same tool is the same call seen twice. */
function isInner({ span }: ToolSpan, trace: Trace): boolean {
  const outer = span.parent === undefined ? undefined : trace.tools.get(span.parent);
  return outer !== undefined && outer.span.id !== span.id && outer.span.call?.tool === span.call?.tool;
}

function byStart(a: ToolSpan, b: ToolSpan): number {
  return (a.span.startedMs ?? 0) - (b.span.startedMs ?? 0) || (a.span.id < b.span.id ? -1 : 1);
}

/** What the outermost span was asked; of equals the earliest. */
function toTask({ said }: Trace): string {
  const ranked = said.toSorted(
    (a, b) => Number(b.isRoot) - Number(a.isRoot) || a.at - b.at || (a.id < b.id ? -1 : 1),
  );
  return ranked[0]?.task ?? '';
}

function toIso(ms: number | undefined): string | undefined {
  if (ms === undefined || !Number.isFinite(ms) || ms <= 0 || ms > 8.64e15) return undefined;
  return new Date(ms).toISOString();
}
