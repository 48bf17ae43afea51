// What was imported is served: procedures with the probability that they are right, and next steps with their arguments.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectNew, getSops } from './rig/clients.ts';
import type { Agent } from './rig/clients.ts';
import { createPlace, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { untilLearned } from './rig/status.ts';

interface Kind {
  readonly task: (name: string, n: number) => string;
  readonly steps: (name: string, n: number) => readonly object[];
}

const step = (tool: string, args: object, result: unknown) => ({ tool, args, result, error: false });
const names =
  'amber basil cedar dahlia elder fennel garnet hazel indigo juniper kelp lilac maple nutmeg opal'.split(' ');

/** Five kinds of task, each done the same way every time. */
const kinds: readonly Kind[] = [
  {
    task: (name, n) => `Refund the order of customer ${name} numbered A-${n}17`,
    steps: (name, n) => [
      step('shop__find_order', { number: `A-${n}17` }, { order: { payment: `pay_${n}${name}` } }),
      step('shop__refund_payment', { payment: `pay_${n}${name}` }, true),
    ],
  },
  {
    task: (name) => `Book a meeting room for the team ${name} this afternoon`,
    steps: (name, n) => [
      step('cal__list_rooms', { team: name }, { rooms: [{ id: `room-${n}` }] }),
      step('cal__book_room', { room: `room-${n}` }, 'booked'),
      step('mail__send_invitation', { team: name }, 'sent'),
    ],
  },
  {
    task: (name) => `Translate the manual of the product ${name} for our partners`,
    steps: (name) => [
      step('docs__open_manual', { product: name }, 'a long text'),
      step('lang__translate_text', { product: name }, 'ein langer Text'),
    ],
  },
  {
    task: (name) => `Restart the service ${name} because it does not answer`,
    steps: (name) => [
      step('ops__check_service', { service: name }, { healthy: false }),
      step('ops__restart_service', { service: name }, 'done'),
      step('ops__check_service', { service: name }, { healthy: true }),
    ],
  },
  {
    task: (name, n) => `Send the newsletter of ${name} to ${name}.${n}@example.com before noon`,
    steps: (name, n) => [
      step('crm__find_person', { email: `${name}.${n}@example.com` }, `{"found": true, "opted": ${n}}`),
      step('mail__send_newsletter', { recipient: `${name}.${n}@example.com` }, 'True'),
    ],
  },
];

interface Injected {
  readonly type: string;
  readonly tool?: string | null;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly relevance: number;
  readonly content: string;
}

let place: Place;
let node: NodeProcess;
let client: Agent;

beforeAll(async () => {
  place = await createPlace({ learning: { quietMs: 300 }, limits: { profile: 'test' } });
  node = await startNodeProcess({ ...place });
  const lines = names.flatMap((name, n) =>
    kinds.map((kind, at) =>
      JSON.stringify({
        episode_id: `e-${at}-${n}`,
        task: kind.task(name, n),
        agent: 'ada',
        success: true,
        steps: kind.steps(name, n),
      }),
    ),
  );
  const file = join(place.folder, 'many.jsonl');
  await writeFile(file, lines.join('\n'));
  const ended = await runDrey(place, ['import', file, '--namespace', 'default', '--data', place.dataFolder]);
  if (ended.code !== 0) throw new Error(`the import failed: ${ended.stderr}`);
  await untilLearned(node);
  client = await connectNew(node.url);
}, 120_000);

afterAll(async () => {
  await client?.close();
  await node?.stop();
  await place?.remove();
});

async function inject(task: string, steps: readonly object[]): Promise<readonly Injected[]> {
  const asked = { current_task: task, recent_memories: [], recent_steps: steps };
  const { structured } = await client.call('acontext_inject_context', asked);
  const { injected_context: injected } = structured as { injected_context: readonly Injected[] };
  return injected.filter(({ type }) => type === 'next_step');
}

describe('after an import', () => {
  it('next steps come with probabilities, their arguments and the number of tasks behind them', async () => {
    const task = 'Please refund order A-917 for customer quartz';
    const found = step('shop__find_order', { number: 'A-917' }, { order: { payment: 'pay_9quartz' } });
    const foreseen = await until(
      'the model is served',
      async () => {
        const steps = await inject(task, [found]);
        return steps[0]?.content.includes('runs of tasks like this') === true ? steps : undefined;
      },
      60_000,
    );
    expect(foreseen[0]).toMatchObject({ tool: 'shop__refund_payment', args: { payment: 'pay_9quartz' } });
    expect(foreseen[0]?.relevance).toBeGreaterThan(0.6);
    const [done] = await inject(task, [
      found,
      step('shop__refund_payment', { payment: 'pay_9quartz' }, true),
    ]);
    expect(done?.tool).toBeNull();
    const [first] = await inject('Restart the service quartz, it hangs', []);
    expect(first?.tool).toBe('ops__check_service');
  });

  it('what is hidden in the history is bound all the same, to what this agent said', async () => {
    const task = 'Please send the newsletter of quartz to quartz.77@example.org before noon';
    const [first] = await inject(task, []);
    expect(first).toMatchObject({ tool: 'crm__find_person', args: { email: 'quartz.77@example.org' } });
    const result = { content: [{ type: 'text', text: '{"found": true, "opted": 77}' }] };
    const [next] = await inject(task, [step('crm__find_person', { email: 'quartz.77@example.org' }, result)]);
    expect(next).toMatchObject({
      tool: 'mail__send_newsletter',
      args: { recipient: 'quartz.77@example.org' },
    });
  });

  it('procedures are served with the probability that they are right for the task, and only where it is known', async () => {
    const [best] = await getSops(client, 'Book a meeting room for the team quartz');
    expect(best?.steps.map((line) => line.split(' ')[1])).toEqual([
      'cal__list_rooms',
      'cal__book_room',
      'mail__send_invitation',
    ]);
    expect(best?.confidence).toBeGreaterThanOrEqual(0.7);
    expect(await getSops(client, 'Compose a waltz in the style of Chopin')).toEqual([]);
  });
});
