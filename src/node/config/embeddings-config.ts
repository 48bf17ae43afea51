/** The part of `drey.json` that says who tells what memories mean. Without it no text of a memory leaves for anywhere. */
import { z } from 'zod';
import { isLoopback } from '../loopback.ts';

/** An OpenAI-compatible endpoint of embeddings, and how it is asked. */
export const EmbeddingsConfig = z
  .strictObject({
    /** Its base, such as `https://api.openai.com/v1`, or the whole address that ends with `/embeddings`. */
    url: z
      .url({ protocol: /^https?$/, error: 'must be an address such as https://api.openai.com/v1' })
      .max(500)
      .refine((url) => !hasLogin(url), 'must not hold a login; use "key"'),
    model: z.string().min(1).max(200),
    /** How long its vectors are. The index of pgvector takes no longer ones. */
    dimensions: z.number().int().min(1).max(2_000, 'is at most 2000, which is what the index takes'),
    /** Asks the model for vectors of that length; only some models can shorten theirs. */
    shorten: z.boolean().default(false),
    /** The variable that holds the key; the key itself has no place in a file. */
    key: z
      .string()
      .regex(
        /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/,
        'must be a variable of the environment, such as ${OPENAI_API_KEY}',
      )
      .optional(),
    /** How long one request for memories may take, and how many texts are in it. */
    timeoutMs: z.number().int().min(100).max(120_000).default(15_000),
    batchSize: z.number().int().min(1).max(512).default(64),
    /** How long a search waits for the meaning of its question before it goes by words alone. */
    queryTimeoutMs: z.number().int().min(10).max(2_000).default(300),
    /** What is less like the question than this is not found by its meaning. */
    likenessMin: z.number().min(0).max(1).default(0.3),
  })
  .superRefine(({ url, key }, context) => {
    if (key === undefined || isSafe(url)) return;
    context.addIssue({
      code: 'custom',
      path: ['url'],
      message: 'must be https, or on this machine: the key would travel in the clear',
    });
  });
export type EmbeddingsConfig = z.output<typeof EmbeddingsConfig>;

function hasLogin(url: string): boolean {
  return URL.canParse(url) && (new URL(url).username !== '' || new URL(url).password !== '');
}

function isSafe(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || isLoopback(hostname.replace(/^\[|\]$/g, ''));
}
