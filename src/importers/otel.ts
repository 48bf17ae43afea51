/**
 * Traces in OTLP's JSON, one batch a line as the collector's file exporter writes them, or one document. A trace is a
 * task; its tool spans are the calls; evaluation results are its outcome.
 */
import type { ImportedEpisode } from '../../machines/words/episodes.ts';
import type { Importer, NumberedLine, OnBad } from './importer.ts';
import { toObjects, toSampleObjects } from './json-lines.ts';
import { readSpan } from './otel-span.ts';
import { toEventTask, toEventVerdict } from './otel-events.ts';
import { isTraces, toRecordsOfTraces, toSpans } from './otlp.ts';
import type { OtlpRecord } from './otlp.ts';
import { createTraces } from './traces.ts';
import type { Traces } from './traces.ts';

/** The name under which spans are kept, from whatever file or exporter they come. */
export const otelSource = 'otel';

/** OpenTelemetry GenAI, OpenInference and Vercel AI spans. */
export const otel: Importer = {
  name: 'otel',
  title: 'OpenTelemetry traces (OTLP JSON)',
  recognises: (sample) => toSampleObjects(sample).some(isTraces),
  read,
};

async function* read(
  lines: AsyncIterable<NumberedLine>,
  onBad: OnBad,
): AsyncGenerator<ImportedEpisode, void, undefined> {
  const traces = createTraces(otelSource);
  for await (const { line, value } of toObjects(lines, onBad)) {
    if (!isTraces(value)) {
      // Logs and metrics stand in the same files; some logs tell of a trace.
      if ('resourceLogs' in value)
        for (const record of toRecordsOfTraces(value)) yield* takeRecord(traces, record);
      else if (!('resourceMetrics' in value)) onBad({ line, reason: 'no traces: it has no resourceSpans' });
      continue;
    }
    for (const span of toSpans(value, (reason) => onBad({ line, reason })))
      yield* traces.take(readSpan(span));
  }
  yield* traces.closeAll();
}

function* takeRecord(traces: Traces, record: OtlpRecord): Generator<ImportedEpisode> {
  const verdict = toEventVerdict(record);
  if (verdict !== undefined) yield* traces.judge(record.trace, verdict);
  const task = toEventTask(record);
  if (task === undefined) return;
  const { trace, span = '', atMs } = record;
  yield* traces.take({ trace, id: `${span} asked`, parent: span, startedMs: atMs, task, failed: false });
}
