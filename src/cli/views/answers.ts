/**
 * The node's answers as these commands show them. Parsed once, tolerantly: a newer node may say more, an older one
 * less, and a view shows what there is. `--json` never goes through here.
 */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';

const text = z.string().catch('');
const number = z.number().catch(0);
const record = z.record(z.string(), z.unknown()).catch({});
const texts = z.array(z.string()).catch([]);

const StepView = z.object({
  tool: text,
  optional: z.boolean().catch(false),
  repeated: z.boolean().catch(false),
  alternatives: texts,
  support: number,
  args: z
    .record(
      z.string(),
      z.object({
        from: text,
        value: z.unknown().optional(),
        step: z.number().optional().catch(undefined),
        path: z.string().optional().catch(undefined),
        selector: z.string().optional().catch(undefined),
        support: number,
        against: number,
        exceptions: texts,
      }),
    )
    .catch({}),
  requires: z
    .array(z.object({ step: z.number() }))
    .optional()
    .catch(undefined),
  part: z.object({ sop_id: text, name: text, step: number }).optional().catch(undefined),
});
export type StepView = z.infer<typeof StepView>;

export const SopView = z.object({
  sop_id: z.string(),
  trigger: text,
  steps: texts,
  confidence: number,
  occurrences: number,
  status: z.string().optional().catch(undefined),
  procedure: z.array(StepView).catch([]),
  evidence: texts,
  metadata: record,
  relevance: z.number().optional().catch(undefined),
  why: z.string().optional().catch(undefined),
});
export type SopView = z.infer<typeof SopView>;

export const SopsAnswer = z.object({ sops: z.array(SopView), next: z.string().nullable().catch(null) });

export const AskAnswer = z.object({
  sops: z.array(SopView),
  injected_context: z
    .array(z.object({ type: text, content: text, relevance: number }))
    .optional()
    .catch(undefined),
  reasoning: text,
  rejected: z
    .array(
      z.object({
        sop_id: text,
        trigger: text,
        status: text,
        confidence: number,
        relevance: number,
        why: text,
      }),
    )
    .catch([]),
  bar: z.number().optional().catch(undefined),
  held_out: z.boolean().catch(false),
});
export type AskAnswer = z.infer<typeof AskAnswer>;

export const StatusAnswer = z.object({
  version: text,
  url: text,
  pid: z.number().optional().catch(undefined),
  state: text,
  uptimeSeconds: z.number().optional().catch(undefined),
  resources: z
    .array(z.object({ id: text, state: text, what: text, lastError: z.string().nullish().catch(null) }))
    .catch([]),
  breakers: z
    .array(z.object({ id: text, state: text, retryAfterMs: z.number().nullish().catch(null) }))
    .catch([]),
  catalogue: z.object({ tools: number, stale: number, held: number }).optional().catch(undefined),
  config: z
    .object({ file: z.string().nullable(), error: z.string().nullable(), restartNeeded: z.array(z.string()) })
    .optional()
    .catch(undefined),
  missing: texts,
  sessions: z.number().optional().catch(undefined),
  events: z.object({ waiting: number, published: number }).optional().catch(undefined),
  learning: z
    .looseObject({
      engine_status: text,
      behind: z.number().optional().catch(undefined),
      learners: z.number().nullish().catch(undefined),
      held: z.object({ episodes: number, share: number }).nullish().catch(undefined),
      last_learning_run: z.string().nullish().catch(undefined),
      statistics: z
        .object({ total_sops: number, total_patterns: number, avg_confidence: number })
        .optional()
        .catch(undefined),
    })
    .optional()
    .catch(undefined),
});
export type StatusAnswer = z.infer<typeof StatusAnswer>;

export const EventView = z.object({
  type: z.string(),
  at: text,
  namespace: text,
  actor: z.object({ kind: text, id: text }).catch({ kind: '', id: '' }),
  data: record,
});
export type EventView = z.infer<typeof EventView>;

const aliases = z.array(z.string()).catch([]);
export const ReloadAnswer = z.object({
  file: z.string().nullable().catch(null),
  added: aliases,
  changed: aliases,
  removed: aliases,
  restartNeeded: aliases,
});

/** The answer in the schema's shape; throws when it is something else altogether. */
export function parseAnswer<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DreyError(
    'unexpected',
    `The node's answer is not what ${what} looks like; are both the same version?`,
    {
      cause: parsed.error,
    },
  );
}

/** The version that stands; 1 where nobody says. */
export function toVersion(sop: SopView): number {
  const { version } = sop.metadata;
  return typeof version === 'number' ? version : 1;
}

/** Where the status stands in this node's answer. */
export function toStatus(sop: SopView): string {
  const { status } = sop.metadata;
  return sop.status ?? (typeof status === 'string' ? status : '');
}
