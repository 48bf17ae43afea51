/** Learned procedures as Layer 1 serves them: looked up by task, by id and as a list, and written back over REST. */
import { createRedactor } from '../../src/access/access.ts';
import { openShelf, toShelved } from '../../src/actors/actors.ts';
import { createKnowledge } from '../../src/node/knowledge.ts';
import { getSop, listSops } from '../../src/store/store.ts';
import { startGateway } from '../support/gateway-server.ts';
import { quietLog } from '../support/quiet-log.ts';
import { withCost } from './layer1-cost.ts';
import type { Layer1Part, Layer1Place } from './layer1-place.ts';
import { measure, quantile } from './measure.ts';
import type { Measure } from './measure.ts';

const readyPollMs = 20;

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
    let asked = 0;
    const counting: Pick<Layer1Place['store'], 'inNamespace'> = {
      inNamespace: (one, work) => {
        asked += 1;
        return store.inNamespace(one, work);
      },
    };
    const shelf = openShelf({ store: counting, clock, log: quietLog });
    const heapBefore = process.memoryUsage().heapUsed;
    const look = (n: number) => shelf.search({ namespace, task: question(n), minConfidence: 0.3, limit: 5 });
    const [first] = await times(1, look);
    const [ready = Number.NaN] = await times(1, () => untilReady(shelf, { namespace, asked: () => asked }));
    let hits = 0;
    const count = quick ? 100 : 1_000;
    const [each, cost] = await withCost(place, { name: `${prefix}.sops_by_task.${which}`, count }, () =>
      times(count, async (n) => {
        hits += (await look(n + 1)).length > 0 ? 1 : 0;
      }),
    );
    const heap = (process.memoryUsage().heapUsed - heapBefore) / 1_048_576;
    found.push(
      measure(`${prefix}.sops_by_task.${which}.first_ms`, first ?? Number.NaN, 'ms', 'lower'),
      measure(`${prefix}.sops_by_task.${which}.ready_ms`, ready, 'ms', 'lower'),
      measure(`${prefix}.sops_by_task.${which}.p50_ms`, quantile(each, 0.5), 'ms', 'lower'),
      measure(`${prefix}.sops_by_task.${which}.p95_ms`, quantile(each, 0.95), 'ms', 'lower', 20),
      cost,
      measure(`${prefix}.sops_by_task.${which}.answered`, hits / each.length, 'fraction', 'higher'),
      measure(`${prefix}.sops_by_task.${which}.heap_mib`, heap, 'MiB', 'lower'),
    );
  }
  return found;
}

/** Until a question that shows nothing is answered from memory: the first copy, or the catalogue, is whole then. */
async function untilReady(
  shelf: ReturnType<typeof openShelf>,
  { namespace, asked }: { readonly namespace: string; readonly asked: () => number },
): Promise<void> {
  const nothing = { namespace, task: 'whatever', minConfidence: 0.3, limit: 0 };
  for (let before = -1; before !== asked();) {
    await new Promise((resolve) => setTimeout(resolve, readyPollMs));
    await shelf.search(nothing);
    before = asked();
    await shelf.search(nothing);
  }
}

async function measureLists(place: Layer1Place, prefix: string): Promise<Measure[]> {
  const { store, big, quick } = place;
  const rows = quick ? 50 : 500;
  const ids = await store.inNamespace(big, (trx) => listSops(trx, { limit: rows }));
  const [byId, byIdCost] = await withCost(place, { name: `${prefix}.sop_by_id`, count: rows }, () =>
    times(rows, (n) => store.inNamespace(big, (trx) => getSop(trx, ids[n % ids.length]?.sopId ?? ''))),
  );
  const [list, listCost] = await withCost(place, { name: `${prefix}.sops_list`, count: rows }, () =>
    times(rows, () => store.inNamespace(big, (trx) => listSops(trx, { limit: 50 }))),
  );
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
    byIdCost,
    listCost,
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
    const count = quick ? 50 : 500;
    const [each, cost] = await withCost(place, { name: `${prefix}.write_back`, count }, () =>
      times(count, write),
    );
    return [
      measure(`${prefix}.write_back.p50_ms`, quantile(each, 0.5), 'ms', 'lower'),
      measure(`${prefix}.write_back.p95_ms`, quantile(each, 0.95), 'ms', 'lower', 50),
      cost,
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
