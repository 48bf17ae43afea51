/** A collector of traces for tests: takes OTLP as JSON over HTTP and keeps the spans; it can be told to refuse them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from './until.ts';

type Value = string | number | boolean | undefined;

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  /** As OTLP numbers them: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly facts: Readonly<Record<string, Value>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly events: readonly string[];
  /** 0 unset, 2 error. */
  readonly status: number;
  /** What is known of the process it comes from. */
  readonly resource: Readonly<Record<string, Value>>;
}

export interface OtlpReceiver {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  /** Paths and headers of the requests. */
  readonly requests: { readonly path: string; readonly headers: Readonly<Record<string, unknown>> }[];
  /** Answers with this status from now on. */
  answerWith(status: number): void;
  /** Waits for a span that fits. */
  find(what: string, isIt: (span: ReceivedSpan) => boolean, withinMs?: number): Promise<ReceivedSpan>;
  close(): Promise<void>;
}

interface Attribute {
  readonly key: string;
  readonly value: { stringValue?: string; intValue?: number | string; boolValue?: boolean };
}

interface Body {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly name: string;
        readonly kind: number;
        readonly attributes: readonly Attribute[];
        readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
        readonly events: readonly { readonly name: string }[];
        readonly status: { readonly code?: number };
      }[];
    }[];
  }[];
}

/** Starts one on a free port. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const requests: OtlpReceiver['requests'] = [];
  let status = 200;
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      requests.push({ path: req.url ?? '', headers: req.headers });
      if (status === 200) spans.push(...readSpans(Buffer.concat(chunks).toString('utf8')));
      res.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    requests,
    answerWith(code) {
      status = code;
    },
    find: (what, isIt, withinMs = 20_000) => until(what, () => spans.find(isIt), withinMs),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function readSpans(text: string): ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(text) as Body;
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap((scope) =>
      scope.spans.map(({ traceId, spanId, parentSpanId, name, kind, attributes, links, events, status }) => ({
        traceId,
        spanId,
        parentSpanId: parentSpanId === '' ? undefined : parentSpanId,
        name,
        kind,
        facts: toRecord(attributes),
        links: links.map((link) => ({ traceId: link.traceId, spanId: link.spanId })),
        events: events.map((event) => event.name),
        status: status.code ?? 0,
        resource: toRecord(resource.attributes),
      })),
    ),
  );
}

function toRecord(attributes: readonly Attribute[]): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? value.boolValue]),
  );
}
