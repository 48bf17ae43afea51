/** A tracer that keeps its spans, with counted ids instead of random ones. */
import { parseTraceparent, toTraceparent } from '../../machines/words/traces.ts';
import type { Span, SpanFacts, SpanStart, Tracer } from '../../machines/words/traces.ts';

export interface RecordedSpan {
  readonly name: string;
  readonly kind: string;
  readonly traceparent: string;
  /** The span it is a child of, as its id; undefined begins a trace. */
  readonly parent: string | undefined;
  readonly links: readonly string[];
  readonly facts: Record<string, unknown>;
  readonly notes: string[];
  ended: boolean;
  failure: string | undefined;
}

export interface RecordingTracer extends Tracer {
  readonly spans: RecordedSpan[];
  named(name: string): RecordedSpan;
}

export const idOf = (traceparent: string | undefined): string | undefined =>
  parseTraceparent(traceparent)?.spanId;

export function createRecordingTracer(): RecordingTracer {
  const spans: RecordedSpan[] = [];
  const start = (name: string, parent: string | undefined, how: SpanStart): Span => {
    const above = parseTraceparent(parent);
    const number = (spans.length + 1).toString(16);
    const traceId = above?.traceId ?? number.padStart(32, 'a');
    const traceparent = toTraceparent({ traceId, spanId: number.padStart(16, '0'), flags: 1 });
    const { kind = 'internal', links = [], facts = {} } = how;
    const recorded: RecordedSpan = {
      name,
      kind,
      traceparent,
      parent: above?.spanId,
      links,
      facts: { ...facts },
      notes: [],
      ended: false,
      failure: undefined,
    };
    spans.push(recorded);
    return {
      traceparent,
      child: (inner, more = {}) => start(inner, traceparent, more),
      set: (more: SpanFacts) => void Object.assign(recorded.facts, more),
      note: (what) => void recorded.notes.push(what),
      end(failure) {
        if (recorded.ended) throw new Error(`the span "${name}" was ended twice`);
        recorded.ended = true;
        recorded.failure = failure;
      },
    };
  };
  return {
    spans,
    start: (name, { parent, ...how } = {}) => start(name, parent, how),
    named(name) {
      const found = spans.find((span) => span.name === name);
      if (found === undefined)
        throw new Error(`no span "${name}" in ${spans.map((span) => span.name).join(', ')}`);
      return found;
    },
  };
}
