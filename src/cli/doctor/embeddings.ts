/** Examining what memories are found by besides their words: the extension `vector`, and the endpoint. It stores nothing. */
import { toDreyError } from '../../../machines/words/errors.ts';
import type { EmbeddingsConfig } from '../../node/node.ts';
import { askEmbeddings, toSpaceName } from '../../node/node.ts';
import { lookForRefused, lookForVectors } from '../../store/store.ts';
import { bad, ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';

const quiet = { debug: skip, info: skip, warn: skip, error: skip };
/** Memories that are named. */
const namedMax = 5;
const byWords = 'memories are searched by words alone';

/** Nothing is looked at, and nothing is sent, where no endpoint is configured. */
export async function examineEmbeddings(
  settings: EmbeddingsConfig | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Finding[]> {
  if (settings === undefined) return [];
  const url = env['DATABASE_URL'];
  return [
    await examineVectors(url),
    await examineEndpoint(settings, env),
    ...(url ? await examineRefused(url, toSpaceName(settings)) : []),
  ];
}

async function examineVectors(url: string | undefined): Promise<Finding> {
  const mend = 'Set DATABASE_URL to a Postgres with pgvector, or take "embeddings" out of the configuration.';
  if (!url) return warn('vectors', `${byWords}: the embedded Postgres has no extension vector`, mend);
  try {
    const found = await lookForVectors({ url, log: quiet });
    if (found.state === 'installed') return ok('vectors', `the extension vector is there, ${found.version}`);
    if (found.state === 'available')
      return ok('vectors', 'the next start makes the extension vector, if it may');
    const what = `${byWords}: Postgres ${found.server} has no extension vector`;
    return warn('vectors', what, 'Install pgvector for it, or take "embeddings" out of the configuration.');
  } catch (error) {
    return bad('vectors', toDreyError(error).message, 'Check DATABASE_URL, and that the server runs.');
  }
}

/** What the worker marked; a database that cannot be asked has said so already. */
async function examineRefused(url: string, space: string): Promise<Finding[]> {
  const { memories, more } = await lookForRefused({ url, log: quiet }, { space, limit: namedMax }).catch(
    () => ({ memories: [], more: false }),
  );
  if (memories.length === 0) return [];
  const named = memories.map(({ namespace, memoryId }) => `${memoryId} of ${namespace}`).join(', ');
  return [
    warn(
      'refused memories',
      `the endpoint will not have ${named}${more ? ' and others' : ''}; they are found by words alone`,
      'Change what they say, or leave them: each is asked for again when it changes, or with another model.',
    ),
  ];
}

async function examineEndpoint(
  settings: EmbeddingsConfig,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Finding> {
  try {
    await askEmbeddings(settings, env, 'drey doctor');
    return ok('embeddings', `${settings.model} answers with ${settings.dimensions} dimensions`);
  } catch (error) {
    const mend =
      'Check "embeddings" in the configuration: url, model, dimensions, and the variable of the key.';
    return bad('embeddings', toDreyError(error).message, mend);
  }
}

function skip(): void {}
