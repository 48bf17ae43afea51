/**
 * What memories mean, where `drey.json` names an embedding endpoint: the database is made ready, then a worker runs, both as
 * one resource that is started again and whose state people see. Whatever becomes of it, memories are found by words.
 */
import { DreyError } from '../../machines/words/errors.ts';
import { Embedder, EmbeddingWorker, embedTexts, openResource } from '../actors/actors.ts';
import type {
  Announcer,
  Breakers,
  Clock,
  EmbeddingEndpoint,
  HealthTold,
  Log,
  Meanings,
  Roots,
} from '../actors/actors.ts';
import type { Redactor } from '../access/access.ts';
import { prepareStoreVectors, takeTurn } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import type { NodeConfig } from './config/config.ts';
import type { EmbeddingsConfig } from './config/embeddings-config.ts';

export interface MeaningsOptions {
  readonly config: Pick<NodeConfig, 'embeddings' | 'role'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly store: Store;
  readonly databaseUrl: string;
  readonly redactor: Pick<Redactor, 'redactText'>;
  readonly breakers: Pick<Breakers, 'open'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  readonly roots: Roots;
  readonly health: HealthTold;
}

/** The index may have to be made of what is there already. */
const startMs = 180_000;
const stopMs = 20_000;
const reviveMs = 60_000;
/** No alias begins like this, so no upstream's breaker has these names. */
const breakerIds = { memories: '_embeddings', questions: '_embeddings_questions' } as const;
const breakerConfig = { minCalls: 3, openMs: 5_000, backoff: 2, openMaxMs: 300_000 } as const;

/** Begins; undefined where no endpoint is configured, and then nothing is ever sent. */
export function openMeanings(options: MeaningsOptions): (Meanings & { close(): Promise<void> }) | undefined {
  const { config, env, store, databaseUrl, redactor, breakers, clock, log } = options;
  const settings = config.embeddings;
  if (settings === undefined || config.role === 'learner') return undefined;
  const { dimensions, timeoutMs, queryTimeoutMs, batchSize, likenessMin } = settings;
  const space = { name: toSpaceName(settings), dimensions };
  const gates = {
    memories: breakers.open(breakerIds.memories, breakerConfig),
    questions: breakers.open(breakerIds.questions, breakerConfig),
  };
  const resource = openResource({
    name: 'embeddings',
    what: `meanings of memories, by ${settings.model}`,
    start: async (broke) => {
      const endpoint = toEndpoint(settings, env);
      await prepareStoreVectors({ url: databaseUrl, log }, space);
      const waits = { timeoutMs, queryTimeoutMs };
      const embedder = new Embedder({ endpoint, ...waits, breakers: gates, clock, log });
      const worker = new EmbeddingWorker({
        store,
        embedder,
        redactor,
        space: space.name,
        batchSize,
        takeTurn: () => takeTurn({ url: databaseUrl, name: 'meanings of memories', log }),
        clock,
        log,
        broke,
      });
      return { embedder, worker };
    },
    stop: ({ worker }) => worker.stop(),
    settings: { initMs: startMs, cleanMs: stopMs },
    reviveMs,
    clock,
    log,
    announcer: options.announcer,
    roots: options.roots,
    health: options.health,
  });
  return {
    find: async (namespace, question) => {
      const vector = await resource.current?.embedder.toQuery(namespace, question);
      return vector === undefined ? undefined : { space: space.name, vector, likenessMin };
    },
    note: (namespace, memoryId) => resource.current?.worker.note(namespace, memoryId),
    close: () => resource.dispose(),
  };
}

/** What vectors of this model and length are marked with. */
export function toSpaceName({ model, dimensions }: Pick<EmbeddingsConfig, 'model' | 'dimensions'>): string {
  return `${model}/${dimensions}`;
}

/** Asks once for what a text means, as `drey doctor` does; throws what is wrong. */
export async function askEmbeddings(
  settings: EmbeddingsConfig,
  env: MeaningsOptions['env'],
  text: string,
): Promise<void> {
  await embedTexts(toEndpoint(settings, env), [text], AbortSignal.timeout(settings.timeoutMs));
}

/** The endpoint with its key; throws `config_invalid` where the variable is not set. */
function toEndpoint(
  { url, model, dimensions, shorten, key }: EmbeddingsConfig,
  env: Readonly<Record<string, string | undefined>>,
): EmbeddingEndpoint {
  const variable = key?.slice(2, -1);
  const held = variable === undefined ? undefined : env[variable];
  if (variable !== undefined && !held)
    throw new DreyError(
      'config_invalid',
      `"embeddings" in drey.json uses \${${variable}}, but the environment variable ${variable} is not set; set it or remove it`,
    );
  const address = new URL(url);
  const path = address.pathname.replace(/\/+$/, '');
  address.pathname = path.endsWith('/embeddings') ? path : `${path}/embeddings`;
  return {
    url: address.href,
    model,
    dimensions,
    shorten,
    key: held,
  };
}
