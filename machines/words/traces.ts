/**
 * Traces as the house speaks of them: the line that carries a trace from one process to the next (W3C `traceparent`),
 * and what a room is handed when its work is to be seen. Where nobody collects traces there is no tracer and no span:
 * whoever may be traced asks with `?.`, and then nothing is made at all. No span ever holds arguments, results or texts.
 */

/** What a `traceparent` says. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

/** Longer ones belong to versions that nobody has written yet. */
const traceparentMax = 100;
const pattern = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** Reads a `traceparent`; undefined for anything the standard says to ignore. */
export function parseTraceparent(text: unknown): TraceContext | undefined {
  if (typeof text !== 'string' || text.length > traceparentMax) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] = pattern.exec(text) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** Writes it in the one version there is. */
export function toTraceparent({ traceId, spanId, flags }: TraceContext): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
}

export type SpanKind = 'server' | 'client' | 'producer' | 'consumer' | 'internal';

/** Attributes: names, counts and codes; never what somebody said. */
export type SpanFacts = Readonly<Record<string, string | number | boolean>>;

export interface SpanStart {
  readonly kind?: SpanKind;
  /** Other traces this work has to do with. */
  readonly links?: readonly string[];
  readonly facts?: SpanFacts;
}

/** One piece of work while it lasts. Nothing here throws or waits. */
export interface Span {
  /** What goes along to whoever works on; also for a span that nobody records. */
  readonly traceparent: string;
  child(name: string, start?: SpanStart): Span;
  set(facts: SpanFacts): void;
  /** Something that happened meanwhile. */
  note(what: string, facts?: SpanFacts): void;
  /** Ends it, once; `failure` is a code. */
  end(failure?: string): void;
}

export interface Tracer {
  /** Without a parent, or with one that says nothing, a trace of its own begins. */
  start(name: string, start?: SpanStart & { readonly parent?: string | undefined }): Span;
}
