/** The shelf with a model: what it was never told of is found by its words, and what it knows by its judgement alone. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { openShelf } from '../../../src/actors/actors.ts';
import { createLearner, finish, type Learned, train } from '../../../src/learning/learning.ts';
import { toEpisode } from '../learning/episodes.ts';
import { sop } from '../../support/store-rows.ts';
import { createWorld } from './world.ts';

vi.setConfig({ testTimeout: 30_000 });

const kinds = [
  { server: 'crm', task: (n: number) => `Look up what customer number ${n} ordered` },
  { server: 'disk', task: (n: number) => `Read the report of week ${n} from the archive` },
  { server: 'git', task: (n: number) => `Show the open review ${n} of the repository` },
  { server: 'rail', task: (n: number) => `Find the departure of train ${n}` },
  { server: 'store', task: (n: number) => `Check whether article ${n} is in stock` },
] as const;
const words = ['today', 'please', 'for the boss', 'once more', 'quickly', 'for Ann', 'in detail', 'again'];

/** A model of so many tasks of each of these kinds: from twelve on they are enough to judge. */
function trainModel(ofKind = 16) {
  const learner = createLearner({ namespace: 'acme' });
  kinds.forEach(({ server, task }, kind) =>
    Array.from({ length: ofKind }, (_, n) =>
      learner.learn(
        toEpisode(kind * 16 + n, `${task(n)} ${words[n % 8]} ${words[(n + 1 + (n >> 3) * 3) % 8]}`, [
          { tool: `${server}__list`, args: {} },
          { tool: `${server}__read`, args: { id: n } },
        ]),
      ),
    ),
  );
  return finish(train(learner.keeper.traces));
}

const row = (n: number, trigger: string, tool: string, wordings: readonly string[] = []) => ({
  ...sop('acme', n, {
    trigger,
    wordings,
    procedure: [{ tool, optional: false, repeated: false, alternatives: [], support: 1, args: {} }],
  }),
  version: 1,
  agentId: undefined,
  createdAt: '2026-03-01T10:00:00.000Z',
  updatedAt: `2026-03-01T10:00:0${n}.000Z`,
  lastUsedAt: undefined,
  held: false,
  feedback: { applied: 0, helpful: 0 },
});
type Row = ReturnType<typeof row>;

/** What a shelf of these rows serves for a task, by the model or by words alone. */
async function ask(rows: readonly Row[], task: string, learned?: Learned): Promise<readonly string[]> {
  const served = await search(rows, { task, minConfidence: 0.7, learned });
  return served.map(({ sopId }) => sopId);
}

interface Asked {
  readonly task: string;
  readonly minConfidence: number;
  readonly learned: Learned | undefined;
}

function search(rows: readonly Row[], { task, minConfidence, learned }: Asked) {
  const world = createWorld();
  const shelf = openShelf({
    store: {
      // The transaction's work is to read what changed; all rows are given as if they had.
      inNamespace: async <T>() =>
        ({ stamps: rows.map(({ sopId }) => ({ sopId, stamp: '' })), changed: rows }) as T,
    },
    ...(learned === undefined ? {} : { foresights: { get: async () => learned } }),
    clock: world.clock,
    log: world.log,
  });
  return shelf.search({ namespace: 'acme', task, minConfidence, limit: 5 });
}

const toIds = (...rows: readonly Row[]) => rows.map(({ sopId }) => sopId);

describe('a shelf with a model', () => {
  let learned: Learned;
  beforeAll(() => {
    learned = trainModel();
  });

  const garden = row(1, 'water the tomatoes in the greenhouse', 'garden__water');
  const rail = row(2, 'Find the departure of train {number}', 'rail__list', [
    'when leaves the steam locomotive',
  ]);

  it('serves by words what the model has never heard of, and nothing where they do not match', async () => {
    expect(learned.choosing).toBeDefined();
    const rows = [garden, rail];
    expect(await ask(rows, 'please water the tomatoes in the greenhouse', learned)).toEqual(toIds(garden));
    expect(await ask(rows, 'paint the fence of the neighbour green', learned)).toEqual([]);
  });

  it('serves nothing by words that the model knows and did not choose, however strange the task', async () => {
    const strange = 'when leaves the steam locomotive';
    expect(await ask([garden, rail], strange)).toEqual(toIds(rail));
    expect(await ask([garden, rail], strange, learned)).toEqual([]);
  });

  it('serves nothing by words for a task that the model knows, however strange the procedure', async () => {
    const known = 'Find the departure of train 7 today please';
    const zeppelin = row(3, 'moor the zeppelin at its mast', 'mast__moor', [known]);
    expect(await ask([garden, zeppelin], known)).toEqual(toIds(zeppelin));
    expect(await ask([garden, zeppelin], known, learned)).toEqual([]);
  });

  it('serves no part of procedures, by words or by the model', async () => {
    const part = { ...garden, partOf: [rail.sopId] };
    expect(await ask([part, rail], garden.trigger)).toEqual([]);
    expect(await ask([part, rail], garden.trigger, learned)).toEqual([]);
  });

  it('takes the certainty of a procedure from no runs but those that did what it tells', async () => {
    const told = (trigger: string, n: number, tools: readonly string[]) => {
      const made = row(n, trigger, '');
      return {
        ...made,
        edited: true,
        procedure: tools.flatMap((tool) => made.procedure.map((step) => ({ ...step, tool }))),
      };
    };
    const ridden = told('Find a train', 4, ['rail__list', 'rail__read']);
    const mixed = told('Repot the tomatoes', 5, ['rail__list', 'garden__water', 'garden__dig']);
    const alien = told('Prune the roses', 6, ['garden__prune']);
    const task = 'Find the departure of train 7 today please';
    const found = await search([ridden, mixed, alien], { task, minConfidence: 0, learned });
    expect(found.map(({ sopId }) => sopId)).toEqual(toIds(ridden, mixed, alien));
    expect(found.map(({ confidence }) => confidence)).toEqual([
      expect.closeTo(1, 1),
      // One tool of its three, and one of the two that were run: two fifths of both.
      expect.closeTo(0.4, 1),
      0,
    ]);
    expect(found.map(({ why }) => why)).toEqual([
      '16 runs of tasks like this say so, and it was right as often in backtests',
      '16 runs of tasks like this used a tool of it, and no run is known that did all of it and no more',
      'no known run of a task like this used a tool of it',
    ]);
  });
});

describe('a shelf with a model of few tasks', () => {
  let learned: Learned;
  beforeAll(() => {
    learned = trainModel(4);
  });

  const trigger = 'Find the departure of train {number}';
  const task = 'Find the departure of train 7 today please';
  const step = (tool: string, optional = false) => ({
    ...row(1, trigger, tool).procedure[0]!,
    tool,
    optional,
  });
  const made = (n: number, confidence: number, steps: ReturnType<typeof step>[]) => ({
    ...row(n, trigger, ''),
    confidence,
    procedure: steps,
  });
  const done = made(2, 0.75, [step('rail__list'), step('rail__read'), step('rail__map', true)]);
  const other = made(3, 0.95, [step('rail__list'), step('garden__water')]);
  const asked = { task, minConfidence: 0.7 };

  it('puts what words find in the order in which it fits the task, and leaves out what the task hardly needs', async () => {
    expect(learned.choosing).toBeUndefined();
    expect(await ask([done, other], task)).toEqual(toIds(other, done));
    const [best] = await search([done, other], { ...asked, learned });
    expect(best).toMatchObject({
      sopId: done.sopId,
      confidence: 0.75,
      procedure: [{ tool: 'rail__list' }, { tool: 'rail__read' }],
      metadata: { leftOut: ['rail__map'] },
    });
  });

  it('keeps what people wrote as it is, where words put it', async () => {
    const written = { ...other, edited: true };
    const [first, second] = await search([done, written], { ...asked, learned });
    expect(first).toMatchObject({ sopId: written.sopId, procedure: written.procedure });
    expect(second).toMatchObject({ sopId: done.sopId });
  });

  it('serves nothing sure where only something unsure fits clearly', async () => {
    const fitting = { ...done, confidence: 0.6, status: 'candidate' as const };
    const sure = {
      ...made(5, 0.95, [step('rail__list'), step('garden__water')]),
      trigger: 'Find the departure of the last train',
    };
    const rows = [fitting, sure];
    expect(await ask(rows, task)).toEqual([]);
    expect(await ask(rows, task, learned)).toEqual([]);
    expect(await ask(rows.slice(1), task, learned)).toEqual([sure.sopId]);
  });

  it('goes by words alone where it knows nothing like the task', async () => {
    const garden = row(4, 'water the tomatoes in the greenhouse', 'garden__water');
    expect(await ask([done, garden], 'please water the tomatoes in the greenhouse', learned)).toEqual(
      toIds(garden),
    );
  });
});
