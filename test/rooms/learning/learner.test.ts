import { describe, expect, it } from 'vitest';
import { createLearner, rank, servingBar } from '../../../src/learning/learning.ts';
import type { Episode } from '../../../machines/words/episodes.ts';
import { readNotes, toEpisode } from './episodes.ts';

function learn(episodes: readonly Episode[], sharedNamespace = false) {
  const learner = createLearner({ namespace: 'acme', sharedNamespace });
  for (const episode of episodes) learner.learn(episode);
  return learner;
}
const files = ['alpha.md', 'beta.md', 'gamma.md', 'delta.md', 'epsilon.md'];
const notes = (count: number, more: (n: number) => Partial<Episode> = () => ({})) =>
  files.slice(0, count).map((file, n) => readNotes(n, file, more(n)));

describe('learner', () => {
  it('makes an active SOP of three consistent successes', () => {
    const [sop, ...others] = learn(notes(3)).derive().sops;
    expect(others).toEqual([]);
    expect(sop).toMatchObject({ status: 'active', occurrences: 3, triggerFrom: 'task', namespace: 'acme' });
    expect(sop?.confidence).toBeGreaterThanOrEqual(servingBar.confidence);
    expect(sop?.trigger).toBe('Summarise the notes in {path}');
    expect(sop?.procedure.map((step) => step.tool)).toEqual(['fs__list_directory', 'fs__read_file']);
    expect(sop?.steps).toEqual([
      '1. fs__list_directory — limit: 10, path: from the task (word after "the")',
      '2. fs__read_file — path: from the task (path after "in")',
    ]);
    expect(sop?.evidence).toEqual(['e-0-k0', 'e-0-k1', 'e-1-k0', 'e-1-k1', 'e-2-k0', 'e-2-k1']);
  });

  it('reaches the bar with implied successes as well', () => {
    const [sop] = learn(notes(3, () => ({ outcome: 'unknown', end: 'silence' }))).derive().sops;
    expect(sop).toMatchObject({ status: 'active' });
  });

  it('leaves two successes below the bar, whatever they are', () => {
    const [sop] = learn(notes(2)).derive().sops;
    expect(sop).toMatchObject({ status: 'candidate', occurrences: 2 });
    expect(sop?.confidence).toBeLessThan(servingBar.confidence);
  });

  it('counts the same wording three times as three, and the same episode three times as one', () => {
    const same = [0, 1, 2].map((n) => readNotes(n, 'alpha.md'));
    expect(learn(same).derive().sops[0]).toMatchObject({ status: 'active', occurrences: 3 });
    expect(learn([readNotes(1, 'a.md'), readNotes(1, 'a.md'), readNotes(1, 'a.md')]).derive().sops).toEqual(
      [],
    );
  });

  it('lets explicit failures outweigh implied successes', () => {
    const failures = [3, 4].map((n) => readNotes(n, `zeta${n}.md`, { outcome: 'failure' }));
    const [sop] = learn([...notes(3, () => ({ outcome: 'unknown' })), ...failures]).derive().sops;
    expect(sop).toMatchObject({ status: 'candidate', occurrences: 3 });
    expect(sop?.confidence).toBeLessThan(0.6);
  });

  it('takes no failure that did something else for a failure of the procedure', () => {
    const strays = [3, 4, 5, 6].map((n) => {
      const whole = readNotes(n, `eta${n}.md`, { outcome: 'failure' });
      return { ...whole, calls: whole.calls.slice(0, 1) };
    });
    const alone = learn(notes(3)).derive().sops[0];
    const [sop] = learn([...notes(3), ...strays]).derive().sops;
    expect(sop).toMatchObject({ confidence: alone?.confidence, status: 'active' });
  });

  it.each(['failure', 'unknown'] as const)(
    'takes runs that follow a procedure and break off in it for its failures (%s)',
    (outcome) => {
      const tools = ['shop__find', 'shop__price', 'shop__reserve', 'shop__pay'];
      const buy = (n: number, calls: number, more: Partial<Episode> = {}) =>
        toEpisode(
          n,
          `Buy the lamp number ${n} for the hall`,
          tools.slice(0, calls).map((tool, at) => ({ tool, error: calls < 4 && at === calls - 1 })),
          more,
        );
      const whole = [0, 1, 2].map((n) => buy(n, 4));
      const broken = [3, 4, 5, 6].map((n) => buy(n, 2, { outcome }));
      const [before] = learn(whole).derive().sops;
      const [sop] = learn([...whole, ...broken]).derive().sops;
      expect(before?.status).toBe('active');
      expect(sop).toMatchObject({ sopId: before?.sopId, status: 'candidate' });
      expect(sop?.confidence).toBeLessThan(before?.confidence ?? 0);
    },
  );

  describe('that hears of an episode which stopped because another task began', () => {
    const tools = ['crm__find', 'books__invoice', 'pdf__render', 'mail__send'];
    const bill = (n: number, steps: number, more: Partial<Episode> = {}) =>
      toEpisode(
        n,
        more.task ?? 'Send the invoice to the customer',
        tools.slice(0, steps).map((tool) => ({ tool, args: { id: n } })),
        more,
      );
    const untold = { outcome: 'unknown', end: 'next_task', task: 'Please invoice this customer' } as const;
    const told = [0, 1, 2, 3, 4, 5].map((n) => bill(n, 4));
    const learnOne = (...episodes: Episode[]) => learn(episodes).derive().sops[0];

    it.each([1, 2, 3])(
      'neither believes that its %i steps are all, nor loses trust in the others',
      (steps) => {
        const before = learnOne(...told);
        const after = learnOne(...told, bill(6, steps, untold));
        expect(after?.procedure.map(({ tool, optional }) => [tool, optional])).toEqual(
          tools.map((tool) => [tool, false]),
        );
        expect(Math.abs((after?.confidence ?? 0) - (before?.confidence ?? 0))).toBeLessThan(0.01);
      },
    );

    it('counts it where it went to the end', () => {
      const before = learnOne(...told)?.confidence ?? 0;
      expect(learnOne(...told, bill(6, 4, untold))?.confidence).toBeGreaterThan(before);
    });

    it('does not take it for a proof', () => {
      const third = bill(6, 3, { ...untold, task: 'Send the invoice to the customer' });
      expect(learnOne(bill(0, 4), bill(1, 4), third)?.status).toBe('candidate');
      expect(learnOne(bill(0, 4), bill(1, 4), bill(6, 4, untold))?.status).toBe('active');
    });

    it('believes many of them, and all of them where nobody ever tells', () => {
      const many = [2, 3, 4, 5, 6, 7, 8].map((n) =>
        bill(n, 2, { ...untold, task: `Invoice customer number ${n}` }),
      );
      expect(learnOne(bill(0, 4), ...many)?.procedure.filter(({ optional }) => !optional)).toHaveLength(2);
      expect(learnOne(...many)).toMatchObject({ status: 'active', occurrences: 7 });
    });
  });

  it('never lets one principal push a SOP over the bar in a shared namespace', () => {
    const many = Array.from({ length: 40 }, (_, n) => readNotes(n, `f${n}.md`));
    expect(learn(many, true).derive().sops[0]).toMatchObject({ status: 'shadow' });
    expect(learn(many, false).derive().sops[0]).toMatchObject({ status: 'active' });
    const second = readNotes(50, 'last.md', { principal: 'grace' });
    expect(learn([...many, second], true).derive().sops[0]).toMatchObject({ status: 'active' });
  });

  it('remembers a retried failure as a pitfall and never as a step', () => {
    const episodes = files.slice(0, 3).map((file, n) => {
      const whole = readNotes(n, file);
      const failing = { ...whole.calls[1]!, callId: `x-${n}`, error: true, result: 'no such file' };
      return { ...whole, calls: [whole.calls[0]!, failing, whole.calls[1]!] };
    });
    const [sop] = learn(episodes).derive().sops;
    expect(sop?.procedure.map((step) => step.tool)).toEqual(['fs__list_directory', 'fs__read_file']);
    expect(sop?.pitfalls).toEqual([
      { tool: 'fs__read_file', failedTimes: 3, recoveredBy: 'fs__read_file', step: 1 },
    ]);
    expect(sop?.evidence.some((callId) => callId.startsWith('x-'))).toBe(false);
  });

  it('binds an argument to a path in an earlier result', () => {
    const episodes = [0, 1, 2].map((n) =>
      toEpisode(n, `Show the open order of customer ${['Ada', 'Bob', 'Eve'][n]}`, [
        {
          tool: 'shop__find_customer',
          args: { name: ['Ada', 'Bob', 'Eve'][n] },
          result: { id: `cu-${n}77`, tags: [] },
        },
        {
          tool: 'shop__list_orders',
          args: { customer_id: `cu-${n}77`, status: 'open' },
          result: { orders: [] },
        },
      ]),
    );
    const [sop] = learn(episodes).derive().sops;
    expect(sop?.procedure[1]?.args).toEqual({
      customer_id: { from: 'result', step: 0, path: '/id', support: 1 },
      status: { from: 'task', selector: 'word after "the"', support: 1 },
    });
    expect(sop?.procedure[0]?.args['name']).toMatchObject({ from: 'task', support: 1 });
  });

  it('asks instead of promoting a constant of a tool that changes the world', () => {
    const episodes = [0, 1, 2].map((n) =>
      toEpisode(n, `Settle invoice ${n}`, [
        { tool: 'bank__send_money', args: { to: 'attacker', amount: 17 } },
      ]),
    );
    const [sop] = learn(episodes).derive().sops;
    expect(sop?.procedure[0]?.args['to']?.from).toBe('ask');
    expect(sop?.procedure[0]?.args['amount']?.from).toBe('ask');
  });

  it('words the trigger from tools and arguments where nobody stated the task', () => {
    const [sop] = learn([0, 1, 2].map((n) => ({ ...readNotes(n, `f${n}.md`), task: '' }))).derive().sops;
    expect(sop).toMatchObject({ triggerFrom: 'calls', trigger: 'list directory, read file: path, limit' });
  });

  it('replaces an open episode as it grows', () => {
    const learner = learn(notes(2));
    const whole = readNotes(2, 'gamma.md', { outcome: 'unknown', end: 'open' });
    learner.learn({ ...whole, calls: whole.calls.slice(0, 1) });
    learner.derive();
    learner.learn(whole);
    expect(learner.derive().sops).toEqual(learn([...notes(2), whole]).derive().sops);
    expect(learner.size).toEqual({ episodes: 3, clusters: 1, share: 1 });
  });

  it('forgets an episode and what it supported', () => {
    const learner = learn(notes(3));
    learner.derive();
    learner.forget('e-2');
    expect(learner.derive().sops).toEqual(learn(notes(2)).derive().sops);
    learner.forget('e-1');
    learner.forget('e-0');
    expect(learner.derive().sops).toEqual([]);
  });

  it('keeps different procedures apart', () => {
    const mails = [0, 1, 2].map((n) =>
      toEpisode(10 + n, `Send the weekly digest to team ${n}`, [
        { tool: 'mail__compose' },
        { tool: 'mail__send' },
      ]),
    );
    expect(
      learn([...notes(3), ...mails])
        .derive()
        .sops.map((sop) => sop.occurrences),
    ).toEqual([3, 3]);
  });
});

describe('rank', () => {
  const { sops } = learn([
    ...notes(3),
    ...[0, 1, 2].map((n) =>
      toEpisode(10 + n, `Book a meeting room for the ${['sales', 'design', 'legal'][n]} team`, [
        { tool: 'cal__find_room', result: { rooms: [{ id: `r-${n}` }] } },
        { tool: 'cal__book_room', args: { room: `r-${n}` } },
      ]),
    ),
  ]).derive();
  const ask = (task: string, minConfidence = 0.7) => rank({ task, sops, limit: 5, minConfidence });

  it('finds the SOP of a known task in a new wording', () => {
    const [best] = ask('Give me a summary of the notes in omega.md, please: summarise everything');
    expect(best?.sop.procedure[1]?.tool).toBe('fs__read_file');
    expect(best?.matched).toContain('note');
    expect(best?.relevance).toBeGreaterThan(0);
    expect(best?.relevance).toBeLessThanOrEqual(1);
    expect(ask('book me a room for a meeting').map((each) => each.sop.procedure[0]?.tool)).toEqual([
      'cal__find_room',
    ]);
  });

  it.each([
    'Water the plants on the balcony',
    'What is the capital of France?',
    '',
    '   ',
    '日本の天気は',
    '🙂🙂🙂',
  ])('says nothing about %j', (task) => {
    expect(ask(task)).toEqual([]);
    expect(ask(task, 0)).toEqual([]);
  });

  it('serves nothing below the asked confidence, and at most as many as asked', () => {
    expect(ask('Summarise the notes in omega.md', 0.99)).toEqual([]);
    expect(rank({ task: 'Summarise the notes in omega.md', sops, limit: 0, minConfidence: 0 })).toEqual([]);
  });
});
