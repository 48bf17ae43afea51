/** Learned procedures as Layer 1 serves them: looked up by task, by id and as a list, and written back over REST. */
import { createRedactor } from '../../src/access/access.ts';
import { openShelf, toShelved } from '../../src/actors/actors.ts';
import { createKnowledge } from '../../src/node/knowledge.ts';
import { getSop, listSops } from '../../src/store/store.ts';
import { startGateway } from '../support/gateway-server.ts';
import { quietLog } from '../support/quiet-log.ts';
import type { Layer1Part, Layer1Place } from './layer1-place.ts';
import { measure, quantile } from './measure.ts';
import type { Measure } from './measure.ts';

/** A shelf's first look at a namespace, then many; ids and lists from the database; write-back through HTTP. */
export const measureSops: Layer1Part = async (place, prefix) => [
  ...(await measureLookUps(place, prefix)),
  ...(await measureLists(place, prefix)),
  ...(await measureWriteBack(place, prefix)),
];

async function measureLookUps(place: Layer1Place, prefix: string): Promise<Measure[]> {
  const { store, clock, question, quick } = place;
  const found: Measure[] = [];
  for (const [which, namespace] of [
    ['small', place.small],
    ['big', place.big],
  ] as const) {
    const shelf = openShelf({ store, clock, log: quietLog });
    const heapBefore = process.memoryUsage().heapUsed;
    const look = (n: number) => shelf.search({ namespace, task: question(n), minConfidence: 0.3, limit: 5 });
    const [first] = await times(1, look);
    let hits = 0;
    const each = await times(quick ? 100 : 1_000, async (n) => {
      hits += (await look(n + 1)).length > 0 ? 1 : 0;
    });
    const heap = (process.memoryUsage().heapUsed - heapBefore) / 1_048_576;
    found.push(
      measure(`${prefix}.sops_by_task.${which}.first_ms`, first ?? Number.NaN, 'ms', 'lower'),
      measure(`${prefix}.sops_by_task.${which}.p50_ms`, quantile(each, 0.5), 'ms', 'lower'),
      measure(`${prefix}.sops_by_task.${which}.p95_ms`, quantile(each, 0.95), 'ms', 'lower', 20),
      measure(`${prefix}.sops_by_task.${which}.answered`, hits / each.length, 'fraction', 'higher'),
      measure(`${prefix}.sops_by_task.${which}.heap_mib`, heap, 'MiB', 'lower'),
    );
  }
  return found;
}

async function measureLists(place: Layer1Place, prefix: string): Promise<Measure[]> {
  const { store, big, quick } = place;
  const rows = quick ? 50 : 500;
  const ids = await store.inNamespace(big, (trx) => listSops(trx, { limit: rows }));
  const byId = await times(rows, (n) =>
    store.inNamespace(big, (trx) => getSop(trx, ids[n % ids.length]?.sopId ?? '')),
  );
  const list = await times(rows, () => store.inNamespace(big, (trx) => listSops(trx, { limit: 50 })));
  const deep = ids.at(-1);
  const after =
    deep === undefined
      ? {}
      : {
          after: { confidence: deep.confidence, occurrences: deep.occurrences, sopId: deep.sopId },
        };
  const page = await times(rows, () =>
    store.inNamespace(big, (trx) => listSops(trx, { limit: 50, ...after })),
  );
  return [
    measure(`${prefix}.sop_by_id.p95_ms`, quantile(byId, 0.95), 'ms', 'lower', 20),
    measure(`${prefix}.sops_list.p95_ms`, quantile(list, 0.95), 'ms', 'lower', 20),
    measure(`${prefix}.sops_page.p95_ms`, quantile(page, 0.95), 'ms', 'lower', 20),
  ];
}

async function measureWriteBack(place: Layer1Place, prefix: string): Promise<Measure[]> {
  const { store, clock, quick } = place;
  const knowledge = createKnowledge({
    store,
    clock,
    redactor: createRedactor({ extraKeys: [], key: 'bench' }),
    relay: { nudge: () => undefined },
    changed: () => undefined,
  });
  const gateway = await startGateway((needs) => ({
    ...needs,
    knowledge,
    sops: {
      ...needs.sops,
      get: async (namespace, id) => {
        const sop = await store.inNamespace(namespace, (trx) => getSop(trx, id));
        return sop === undefined ? undefined : toShelved(sop);
      },
    },
  }));
  try {
    const write = async (n: number): Promise<void> => {
      const body = {
        trigger: place.question(n),
        steps: ['Read it.', { description: 'Write it.', tool: 'fs__write' }],
        confidence: 0.8,
        occurrences: 3,
      };
      const answer = await gateway.send({
        path: `/api/v1/acontext/sops?namespace=${place.big}`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (answer.status !== 201) throw new Error(`the write-back answered ${answer.status}: ${answer.text}`);
    };
    await times(20, write);
    const each = await times(quick ? 50 : 500, write);
    return [
      measure(`${prefix}.write_back.p50_ms`, quantile(each, 0.5), 'ms', 'lower'),
      measure(`${prefix}.write_back.p95_ms`, quantile(each, 0.95), 'ms', 'lower', 50),
    ];
  } finally {
    await gateway.close();
  }
}

/** What each of so many runs took, one after the other. */
export async function times(count: number, work: (n: number) => Promise<unknown>): Promise<number[]> {
  const each: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const from = performance.now();
    await work(n);
    each.push(performance.now() - from);
  }
  return each;
}
