/** A namespace's archive from its first episode to its last, page by page: what every learner begins with. */
import type { Episode } from '../../../machines/words/episodes.ts';
import type { EpisodeCursor, Store } from '../../store/store.ts';
import { readEpisodes } from '../../store/store.ts';

const episodesPerPage = 200;

/** Pages in order; each has a transaction of its own, so that a long archive holds nothing open. */
export async function* readArchive(
  store: Store,
  namespace: string,
  perPage = episodesPerPage,
): AsyncGenerator<readonly Episode[]> {
  let after: EpisodeCursor | undefined;
  do {
    const from = after === undefined ? {} : { after };
    const page = await store.inNamespace(namespace, (trx) => readEpisodes(trx, { ...from, limit: perPage }));
    yield page.episodes;
    after = page.next;
  } while (after !== undefined);
}
