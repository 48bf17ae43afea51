/**
 * Episodes as one JSON object a line: the plain format for evaluations and for own agents. Every line is an episode
 * of its own, so nothing is kept between lines; tools keep the names they have.
 */
import { z } from 'zod';
import type { ImportedCall, ImportedEpisode, Outcome } from '../../machines/words/episodes.ts';
import { limits } from '../../machines/words/limits.ts';
import type { Importer, NumberedLine, OnBad } from './importer.ts';
import { toObjects, toSampleObjects } from './json-lines.ts';
import { createAllowance, nameCharsMax, toCleanText, toResult, toTaskText } from './values.ts';

const Step = z.object({
  /** Agents invent tools whose names are whole paragraphs; those are cut, not refused. */
  tool: z.string().min(1),
  args: z.unknown().optional(),
  result: z.unknown().optional(),
  /** True, or the error's text. */
  error: z.union([z.boolean(), z.string()]).nullish(),
});

const Row = z.object({
  dataset: z.string().min(1).max(nameCharsMax).optional(),
  episode_id: z.string().min(1).max(nameCharsMax),
  task: z.string().nullish(),
  agent: z.string().nullish(),
  success: z.boolean().nullish(),
  steps: z.array(Step),
});
type Row = z.infer<typeof Row>;

/** `{dataset, episode_id, task, agent, success, steps: [{tool, args, result, error}]}`, one a line. */
export const episodes: Importer = {
  name: 'episodes',
  title: 'Episodes, one JSON object a line',
  recognises: (sample) =>
    toSampleObjects(sample).some(
      (value) => typeof value['episode_id'] === 'string' && Array.isArray(value['steps']),
    ),
  read,
};

async function* read(
  lines: AsyncIterable<NumberedLine>,
  onBad: OnBad,
  source: string,
): AsyncGenerator<ImportedEpisode, void, undefined> {
  for await (const { line, value } of toObjects(lines, onBad)) {
    const row = Row.safeParse(value);
    if (row.success) yield toEpisode(row.data, source);
    else onBad({ line, reason: `no episode: ${toReason(row.error)}` });
  }
}

function toEpisode(row: Row, source: string): ImportedEpisode {
  const allowance = createAllowance();
  return {
    source: toCleanText(row.dataset ?? source, nameCharsMax),
    key: row.episode_id,
    task: toTaskText(row.task ?? ''),
    outcome: toOutcome(row.success),
    agent: toCleanText(row.agent ?? '', nameCharsMax),
    calls: row.steps.slice(0, limits.episodeCallsMax).map((step): ImportedCall => {
      const error = step.error === true || (typeof step.error === 'string' && step.error !== '');
      const answer = step.result ?? (typeof step.error === 'string' ? step.error : step.result);
      return {
        tool: toCleanText(step.tool, nameCharsMax),
        args: allowance.keep(step.args ?? {}) ?? null,
        result: allowance.keep(typeof answer === 'string' ? toResult(answer) : answer),
        error,
      };
    }),
  };
}

function toOutcome(success: boolean | null | undefined): Outcome {
  if (success === true) return 'success';
  return success === false ? 'failure' : 'unknown';
}

function toReason(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? 'malformed' : `${issue.path.join('.') || 'line'}: ${issue.message}`;
}
