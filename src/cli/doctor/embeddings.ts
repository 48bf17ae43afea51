/** Examining what memories are found by besides their words: the extension `vector`, and the endpoint. It stores nothing. */
import { toDreyError } from '../../../machines/words/errors.ts';
import type { EmbeddingsConfig } from '../../node/node.ts';
import { askEmbeddings } from '../../node/node.ts';
import { lookForVectors } from '../../store/store.ts';
import { bad, ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';

const quiet = { debug: skip, info: skip, warn: skip, error: skip };
const byWords = 'memories are searched by words alone';

/** Nothing is looked at, and nothing is sent, where no endpoint is configured. */
export async function examineEmbeddings(
  settings: EmbeddingsConfig | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Finding[]> {
  if (settings === undefined) return [];
  return [await examineVectors(env['DATABASE_URL']), await examineEndpoint(settings, env)];
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
