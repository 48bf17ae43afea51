/**
 * Claude Code's session files (`~/.claude/projects/<project>/<session>.jsonl`, sub-agents' files included), and what
 * `claude -p --output-format stream-json` prints. What a
 * person types opens an episode; what the model calls until the next prompt or interrupt belongs to it.
 */
import type { ImportedEpisode } from '../../machines/words/episodes.ts';
import { parseEntry } from './claude-code-entry.ts';
import { createThreads } from './claude-code-threads.ts';
import type { Importer, NumberedLine, OnBad } from './importer.ts';
import { isObject, toObjects, toSampleObjects } from './json-lines.ts';
import type { JsonObject } from './json-lines.ts';

/** Sessions of Claude Code; outcomes are unknown, except that an interrupted task has failed. */
export const claudeCode: Importer = {
  name: 'claude-code',
  title: 'Claude Code session transcripts',
  recognises: (sample) => toSampleObjects(sample).some(isSessionLine),
  read,
};

async function* read(
  lines: AsyncIterable<NumberedLine>,
  onBad: OnBad,
  source: string,
): AsyncGenerator<ImportedEpisode, void, undefined> {
  const threads = createThreads(source);
  for await (const { line, value } of toObjects(lines, onBad)) {
    const entry = parseEntry(value);
    if (typeof entry === 'string') onBad({ line, reason: entry });
    else if (entry !== undefined) yield* threads.take(entry, line);
  }
  yield* threads.closeAll();
}

function isSessionLine(value: JsonObject): boolean {
  if (value['type'] === 'user' || value['type'] === 'assistant') {
    return isObject(value['message']) && typeof (value['sessionId'] ?? value['session_id']) === 'string';
  }
  // The first line that `claude -p --output-format stream-json` prints.
  if (value['type'] === 'system')
    return value['subtype'] === 'init' && typeof value['session_id'] === 'string';
  if (value['type'] === 'file-history-snapshot') return isObject(value['snapshot']);
  if (value['type'] === 'summary') return typeof value['leafUuid'] === 'string';
  return typeof value['type'] === 'string' && typeof value['sessionId'] === 'string' && 'parentUuid' in value;
}
