/**
 * Mending the archive from what the event stream tells: episodes that it lacks or has in part, after a database was
 * restored from an old backup. What the archive knows more of than the stream is never touched, and nothing is removed.
 */
import { limits } from '../../../machines/words/limits.ts';
import type { Trx } from '../trx.ts';
import { toBoundedText, toMoment } from '../text.ts';
import { correctCalls } from './calls.ts';
import type { ArchivedCall } from './calls.ts';
import { readDrafts } from './drafts.ts';
import type { EpisodeDraft } from './drafts.ts';
import { saveEpisode } from './episodes.ts';
import { ensureNamespace } from './namespaces.ts';

/** An episode as the stream tells it, with all of its calls. */
export interface ToldEpisode {
  readonly draft: EpisodeDraft;
  readonly calls: readonly ArchivedCall[];
}

/** Makes the archive hold these episodes; answers how many it did not hold like that. */
export async function mendEpisodes(trx: Trx, told: readonly ToldEpisode[]): Promise<number> {
  if (told.length === 0) return 0;
  await ensureNamespace(trx);
  const episodeIds = told.map(({ draft }) => draft.episodeId);
  const archived = new Map(
    (await readDrafts(trx, { sessions: [], episodeIds })).map((draft) => [draft.episodeId, draft]),
  );
  const trusted = told.filter(({ draft }) => isWhole(draft, archived.get(draft.episodeId)));
  const mended = new Set<string>();
  for (const { draft } of trusted) {
    if (isSame(draft, archived.get(draft.episodeId))) continue;
    await saveEpisode(trx, draft);
    mended.add(draft.episodeId);
  }
  const corrected = await correctCalls(
    trx,
    trusted.flatMap(({ calls }) => calls),
  );
  for (const episodeId of corrected) mended.add(episodeId);
  return mended.size;
}

/** Whether what was told is all there is: the stream may have forgotten how an episode began. */
export function isWhole(
  told: Pick<EpisodeDraft, 'calls' | 'endedAt'>,
  archived: Pick<EpisodeDraft, 'calls' | 'endedAt'> | undefined,
): boolean {
  if (archived === undefined) return true;
  return archived.calls <= told.calls && archived.endedAt <= toMoment(told.endedAt);
}

function isSame(told: EpisodeDraft, archived: EpisodeDraft | undefined): boolean {
  return (
    archived !== undefined &&
    archived.task === toBoundedText(told.task, limits.taskTextMax) &&
    archived.outcome === told.outcome &&
    archived.end === told.end &&
    archived.principal === told.principal &&
    archived.startedAt === toMoment(told.startedAt) &&
    archived.endedAt === toMoment(told.endedAt)
  );
}
