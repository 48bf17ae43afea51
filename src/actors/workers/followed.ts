/**
 * Whether what was served was then done: the calls that an agent made after an injection are held against what it was
 * given. Following is judged by calls alone; what came of it, by how the task ended.
 */
import type { Episode } from '../../../machines/words/episodes.ts';
import { PatternContent, toAdvisedTool } from '../../../machines/words/patterns.ts';
import { followInjection, getPattern, getSop, listOpenInjections } from '../../store/store.ts';
import type { Trx } from '../../store/store.ts';

/** From this share of its required tools on a procedure counts as followed. */
const followedShare = 0.6;

/** Notes which injections of this episode's task were followed; the same episode again changes nothing. */
export async function noteFollowed(trx: Trx, episode: Episode): Promise<number> {
  const { session, task, startedAt: since, endedAt: until } = episode;
  const open = await listOpenInjections(trx, { session, task, since, until });
  let noted = 0;
  for (const { injectionId, kind, id, servedAt, isFollowed } of open) {
    const called = new Set(
      episode.calls
        .filter(({ at, error }) => !error && Date.parse(at) >= Date.parse(servedAt))
        .map(({ name }) => name),
    );
    if (called.size === 0) continue;
    const isDone = isFollowed || isFollowedBy(called, await readTools(trx, kind, id));
    if (!isDone) continue;
    const succeeded = toSucceeded(episode);
    if (await followInjection(trx, { injectionId, kind, id, at: until, succeeded })) noted += 1;
  }
  return noted;
}

/** Tools that tell that something was followed; none where it is gone or has another form. */
async function readTools(trx: Trx, kind: 'sop' | 'pattern', id: string): Promise<readonly string[]> {
  if (kind === 'sop') {
    const procedure = (await getSop(trx, id))?.procedure ?? [];
    return [...new Set(procedure.filter(({ optional }) => !optional).map(({ tool }) => tool))];
  }
  const pattern = await getPattern(trx, id);
  const content = PatternContent.safeParse({ pattern_type: pattern?.patternType, ...pattern });
  return content.success ? [toAdvisedTool(content.data)] : [];
}

function isFollowedBy(called: ReadonlySet<string>, tools: readonly string[]): boolean {
  if (tools.length === 0) return false;
  return tools.filter((tool) => called.has(tool)).length / tools.length >= followedShare;
}

/** Only what somebody said counts: an end without a word proves nothing about what was served. */
function toSucceeded({ outcome }: Episode): boolean | undefined {
  return outcome === 'unknown' ? undefined : outcome === 'success';
}
