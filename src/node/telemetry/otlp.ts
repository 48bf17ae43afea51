/**
 * Spans to an OpenTelemetry collector, as JSON over HTTP. Sampling, limits, headers and the rest are read by the library
 * from its standard variables. What cannot be sent is dropped and counted: a collector that is slow, broken or gone
 * costs one warning and nothing else.
 */
import { diag, DiagLogLevel, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Context, Span as OtelSpan, Tracer as OtelTracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import { parseTraceparent, toTraceparent } from '../../../machines/words/traces.ts';
import type { Span, SpanFacts, SpanStart, Tracer } from '../../../machines/words/traces.ts';
import type { Log } from '../../actors/actors.ts';
import type { TracingFigures, TracingOptions } from './tracing.ts';

/** What is left when the process ends is sent for no longer than this. */
const flushMs = 2_000;
/** Warnings of the library about its settings; after these it says no more. */
const warningsMax = 5;
/** The library's word for a batch that arrived. */
const successCode = 0;

export interface OtlpOptions extends TracingOptions {
  /** Where they go, for the log; without path and credentials. */
  readonly origin: string;
}

export interface Otlp {
  readonly tracer: Tracer;
  figures(): TracingFigures;
  /** Sends what is left, within a bound. */
  close(): Promise<void>;
}

/** Sets it up; nothing is connected before the first batch. */
export function openOtlp({ version, part, clock, log, origin }: OtlpOptions): Otlp {
  let warnings = 0;
  const warn = (said: string): void => {
    warnings += 1;
    if (warnings <= warningsMax) log.warn({ said: said.slice(0, 500) }, 'OpenTelemetry warns');
  };
  const ignore = (): void => undefined;
  // Only its settings are worth a line: what happens to batches is told by the exporter's own wrapper.
  diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const exporter = watchExporter(new OTLPTraceExporter(), log, origin);
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'drey', 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] }))
      .merge(resourceFromAttributes({ 'process.pid': process.pid, 'drey.part': part })),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  diag.disable();
  const tracer = toTracer(provider.getTracer('drey', version));
  return {
    tracer,
    figures: () => exporter.figures(),
    async close() {
      const bound = new Promise<void>((resolve) => clock.schedule(flushMs, resolve));
      await Promise.race([provider.shutdown().catch(ignore), bound]);
    },
  };
}

/** Counts what arrives and what does not, and says once that a collector cannot be reached, and that it is back. */
function watchExporter(
  exporter: SpanExporter,
  log: Log,
  origin: string,
): SpanExporter & { figures(): TracingFigures } {
  let sent = 0;
  let lost = 0;
  let isFailing = false;
  return {
    export(spans: ReadableSpan[], done) {
      exporter.export(spans, (result) => {
        const code: number = result.code;
        const isSent = code === successCode;
        if (isSent) sent += spans.length;
        else lost += spans.length;
        if (!isSent && !isFailing)
          log.warn({ origin, err: result.error?.message }, 'traces cannot be sent; calls go on without them');
        if (isSent && isFailing) log.info({ origin, lost }, 'traces are sent again');
        isFailing = !isSent;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
    figures: () => ({ sent, lost }),
  };
}

function toTracer(tracer: OtelTracer): Tracer {
  return { start: (name, start = {}) => begin(tracer, name, start, toContext(start.parent)) };
}

/** The library's word for somebody else's span as the parent; a line that says nothing is no parent. */
function toContext(parent: string | undefined): Context {
  const context = toSpanContext(parent);
  return context === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, context);
}

function toSpanContext(
  line: string | undefined,
): { traceId: string; spanId: string; traceFlags: number; isRemote: true } | undefined {
  const read = parseTraceparent(line);
  if (read === undefined) return undefined;
  return { traceId: read.traceId, spanId: read.spanId, traceFlags: read.flags, isRemote: true };
}

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const;

function begin(tracer: OtelTracer, name: string, start: SpanStart, context: Context): Span {
  const { kind = 'internal', links = [], facts = {} } = start;
  const options = {
    kind: kinds[kind],
    attributes: facts,
    links: links.flatMap((link) => {
      const linked = toSpanContext(link);
      return linked === undefined ? [] : [{ context: linked }];
    }),
  };
  return new OpenSpan(tracer, tracer.startSpan(name, options, context));
}

class OpenSpan implements Span {
  readonly traceparent: string;
  readonly #tracer: OtelTracer;
  readonly #span: OtelSpan;

  constructor(tracer: OtelTracer, span: OtelSpan) {
    const { traceId, spanId, traceFlags } = span.spanContext();
    this.traceparent = toTraceparent({ traceId, spanId, flags: traceFlags });
    this.#tracer = tracer;
    this.#span = span;
  }

  child(name: string, start: SpanStart = {}): Span {
    return begin(this.#tracer, name, start, trace.setSpan(ROOT_CONTEXT, this.#span));
  }

  set(facts: SpanFacts): void {
    this.#span.setAttributes(facts);
  }

  note(what: string, facts: SpanFacts = {}): void {
    this.#span.addEvent(what, facts);
  }

  end(failure?: string): void {
    if (failure !== undefined) {
      this.#span.setAttribute('error.type', failure);
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end();
  }
}
