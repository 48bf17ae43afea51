/** The pure rules of memory: gists, contradictions, tags, ranking and the graph's weights. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addUseTags,
  fade,
  findAutoTags,
  findContradiction,
  findLikeness,
  findWay,
  fuse,
  strengthen,
  toGist,
  toRelevances,
  toWords,
} from '../../../src/memory/memory.ts';
import type { Link, WordWeight } from '../../../src/memory/memory.ts';

const dayMs = 24 * 60 * 60_000;

describe('the gist of a statement', () => {
  it.each([
    ['The API listens on port 8080.', 'FYI the api listens on port 8080'],
    ['We don’t deploy on Fridays', 'we do not deploy on Fridays!'],
    ['Please remember that Ann prefers tabs', 'Ann prefers tabs'],
    ['The cache is copied nightly', 'cache is copied nightly'],
    ['OK, note that a build failed', 'The build failed'],
    ['FYI: an owner approves', 'please kindly remember that the owner approves'],
    ['Users PREFER dark mode!', 'users prefer dark mode'],
    ['You can’t deploy', 'you cannot deploy'],
    ['支付服务已启用。', '支付服务已启用'],
    ['ｔｈｅ Ｂｕｉｌｄ uses pnpm', 'The build uses pnpm'],
  ])('is the same for %j and %j', (one, other) => expect(toGist(one)).toBe(toGist(other)));

  it.each([
    ['The API listens on port 8080', 'The API listens on port 8081'],
    ['We deploy on Fridays', 'We do not deploy on Fridays'],
    ['Ann reports to Bob', 'Bob reports to Ann'],
    ['use v1.2', 'use v12'],
    ['The feature flag is on', 'The feature flag is off'],
    ['Deploy before the migration', 'Deploy after the migration'],
    ['Keep it under 100 MB', 'Keep it over 100 MB'],
    ['Users opt in', 'Users opt out'],
    ['Copy from staging to production', 'Copy to staging from production'],
    ['Alice and Bob approve', 'Alice or Bob approve'],
    ['Alice called Bob', 'Alice was called by Bob'],
    ['The service was migrated', 'The service will be migrated'],
    ['My password is long', 'Your password is long'],
    ['The rate is hard', 'The rate is hardly'],
    ['The party is over', 'The part is over'],
    ['The limit is < 5 ms', 'The limit is > 5 ms'],
    ['x = 5', 'x != 5'],
    ['The balance is -5', 'The balance is 5'],
    ['A bug in C', 'A bug in C++'],
    ['Pass --force', 'Pass force'],
    ['Use ~ for home', 'Use / for home'],
    ['Nightly build ✅', 'Nightly build ❌'],
    ['a → b', 'a ← b'],
    ['支付服务已启用', '支付服务未启用'],
    ['Сервис работает', 'Сервис не работает'],
    ['Give Ann the roles A and B', 'Give Ann the role B'],
    ['Use plan A', 'Use plan'],
    ['Use plan a', 'Use plan'],
    ['A and B approve', 'B approve'],
    ['Meet at 8 am', 'Meet 8'],
    ['Do the IT audit', 'The audit'],
    ['The tests run well', 'The tests run'],
    ['Ann cares for Bob', 'Ann cares Bob'],
    ['The form is filled', 'The form is filed'],
    ['Ann is called first', 'Ann called first'],
    ['Ann must be called', 'Ann must call'],
    ['We use Postgres', 'We used Postgres'],
    ['We have tests', 'We test'],
    ['Use https here', 'Use http here'],
    ['The manager of Ann approves', 'The manager Ann approves'],
    ['A few tests fail', 'Few tests fail'],
    ['Run 5 a day', 'Run 5 days'],
    ['Delete the branch', 'Delete the branches'],
    ['The status is ok', 'The status is'],
    ['It is not really slow', 'It is not slow'],
    ['Remove tests that fail', 'Remove tests fail'],
    ['Note 5 is old', '5 is old'],
    ['Ann and Bob test', 'Ann, Bob test'],
    ['Alice approves', 'Alice approved'],
    [`${'a b '.repeat(1_999)}c`, `${'a b '.repeat(1_999)}d`],
    [`${'支付服务'.repeat(1_999)}开`, `${'支付服务'.repeat(1_999)}关`],
  ])('differs for %j and %j', (one, other) => expect(toGist(one)).not.toBe(toGist(other)));

  it('is never empty for text, and does not depend on blanks around it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (text) => {
        fc.pre(text.trim() !== '');
        expect(toGist(text)).not.toBe('');
        expect(toGist(`  ${text}\n`)).toBe(toGist(text));
      }),
    );
  });
});

describe('contradictions', () => {
  it.each([
    ['We deploy on Fridays', 'We never deploy on Fridays', 'negation'],
    ['The cache is enabled in production', 'The cache is disabled in production', 'opposite'],
    ['The API listens on port 8080', 'The API listens on port 9090', 'value'],
    ['Billing runs on Postgres 15', 'Billing runs on Postgres 18', 'value'],
    ['The feature flag is on', 'The feature flag is off', 'opposite'],
    ['Deploy before the migration', 'Deploy after the migration', 'opposite'],
    ['The server is up', 'The server is down', 'opposite'],
    ['The main branch is stable', 'The main branch is unstable', 'opposite'],
    ['The job does not run at night', 'The job runs at night', 'negation'],
    ['The API is listening on port 8080', 'The API listens on port 9090', 'value'],
    ['The limit is < 5 ms here', 'The limit is > 5 ms here', 'value'],
    ['Always restart the primary', 'Never restart the primary', 'negation'],
    ['Сервис работает', 'Сервис не работает', 'negation'],
    ['Der Dienst läuft', 'Der Dienst läuft nicht', 'negation'],
    ['支付服务已启用', '支付服务未启用', 'negation'],
  ])('are seen between %j and %j', (one, other, sign) => {
    expect(findContradiction(one, other)?.sign).toBe(sign);
    expect(findContradiction(other, one)).toEqual(findContradiction(one, other));
  });

  it.each([
    ['The API listens on port 8080', 'The API listens on port 8080'],
    ['The API listens on port 8080', 'The console listens on port 9090 of another host altogether'],
    ['Ann likes tea', 'Bob wrote the parser'],
    ['Staging is in Frankfurt', 'Staging is small and in Frankfurt'],
    ['', ''],
  ])('are not seen between %j and %j', (one, other) => expect(findContradiction(one, other)).toBeUndefined());

  it('are none between a text and itself, and always the same both ways', () => {
    const words = fc.array(fc.constantFrom('api', 'not', 'port', '80', '90', 'on', 'enabled', 'never', 'x'), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(words, words, (a, b) => {
        const [one, other] = [a.join(' '), b.join(' ')];
        expect(findContradiction(one, one)).toBeUndefined();
        expect(findContradiction(one, other)).toEqual(findContradiction(other, one));
        expect(findLikeness(one, other)).toBe(findLikeness(other, one));
      }),
    );
  });
});

describe('tags', () => {
  it('say what a text is about, the surest first', () => {
    const found = findAutoTags(
      'Run `npm run migrate` before the deploy; BillingService needs it.',
      'procedure',
      'now',
    );
    expect(found.tags).toEqual(
      expect.arrayContaining(['procedure', 'command', 'deployment', 'billingservice']),
    );
    expect(found).toMatchObject({ acontext_version: 1, discovered_at: 'now' });
    const sure = found.tags.map((tag) => found.confidence[tag] ?? 0);
    expect(sure).toEqual([...sure].sort((a, b) => b - a));
  });

  it('are few, bounded and never a secret’s token, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (text) => {
        const { tags, confidence } = findAutoTags(`${text} "[redacted:jwt:ab12cd34]"`, 'note', 'now');
        expect(tags.length).toBeLessThanOrEqual(20);
        for (const tag of tags) {
          expect(tag.length).toBeLessThanOrEqual(60);
          expect(confidence[tag]).toBeGreaterThan(0);
          expect(confidence[tag]).toBeLessThanOrEqual(1);
          expect(tag).not.toContain('redacted:');
        }
      }),
    );
  });
});

describe('tags of use', () => {
  const read = findAutoTags('Run `npm run migrate` before the deploy', 'fact', 'now');

  it('are the tools of strong links beside what the text tells, each as sure as its link', () => {
    const tools = [
      { name: 'Books__invoice', weight: 0.672 },
      { name: 'mail__send', weight: 0.49 },
    ];
    const found = addUseTags(read, tools);
    expect(found.confidence).toEqual({ ...read.confidence, books__invoice: 0.67 });
    expect(found.tags).toEqual(expect.arrayContaining([...read.tags, 'books__invoice']));
    expect(addUseTags(read, [])).toEqual(read);
  });

  it('are bounded, surest first, and leave the text most of the places', () => {
    const weight = fc.double({ min: 0, max: 1, noNaN: true });
    const tool = fc.record({ name: fc.string({ minLength: 1, maxLength: 90 }), weight });
    fc.assert(
      fc.property(fc.uniqueArray(tool, { maxLength: 60, selector: ({ name }) => name }), (tools) => {
        const { tags, confidence } = addUseTags(read, tools);
        expect(tags.length).toBeLessThanOrEqual(20);
        expect(new Set(tags)).toEqual(new Set(Object.keys(confidence)));
        expect(tags).toEqual(expect.arrayContaining([...read.tags]));
        const sure = tags.map((tag) => confidence[tag] ?? 0);
        expect(sure).toEqual([...sure].sort((a, b) => b - a));
      }),
    );
  });
});

describe('the words of a text', () => {
  it('are whole names and their parts, and pairs of signs where there are no spaces', () => {
    const words = toWords('billingService_v2 runs scripts/deploy-staging.sh 請求書');
    expect(words).toEqual(
      expect.arrayContaining([
        'billingservice',
        'billing',
        'service',
        'deploy',
        'staging',
        'sh',
        '請求',
        '求書',
      ]),
    );
  });

  it.each([
    ['вторник', 'Развёртывание происходит по вторникам'],
    ['развертывание', 'Начали развёртывания сервиса'],
    ['копий', 'Резервные копии базы'],
    ['хранится', 'Они хранятся на сервере'],
    ['αντιγραφο', 'Τα αντίγραφα ασφαλείας'],
    ['احتياطي', 'البيانات الاحتياطية في الخادم'],
    ['بيانات', 'البَيانات محفوظة'],
    ['화요일', '결제 서비스는 화요일에 배포됩니다'],
    ['cafe', 'Le café près de la gare'],
    ['支付', '支付服务每周二部署'],
  ])('have %j in common with %j', (asked, text) => {
    const words = toWords(text);
    expect(toWords(asked).some((word) => words.includes(word))).toBe(true);
  });

  it('are found again in any text that holds the text', () => {
    const word = fc.stringMatching(/^[a-z]{2,10}$/);
    fc.assert(
      fc.property(fc.array(word, { maxLength: 10 }), word, (others, one) => {
        const all = toWords([...others, one].join(' '));
        for (const found of toWords(one)) expect(all).toContain(found);
      }),
    );
  });
});

const weighed = (hits: Readonly<Record<string, number>>): WordWeight[] =>
  Object.entries(hits).map(([word, n]) => ({ word, hits: n, sampled: 400 }));

describe('ranking', () => {
  it('finds more relevant what matches more, and rarer, words', () => {
    const weights = weighed({ service: 120, billing: 3, zebra: 0 });
    const toRelevance = toRelevances(weights);
    const relevance = (...words: string[]) => toRelevance(words);
    expect(relevance()).toBe(0);
    expect(relevance('service')).toBeLessThan(relevance('billing'));
    expect(relevance('billing')).toBeLessThan(relevance('billing', 'zebra'));
    expect(relevance('service', 'billing', 'zebra')).toBeLessThanOrEqual(1);
  });

  it('puts first what several orders put first, whatever the order of the orders', () => {
    const order = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'));
    fc.assert(
      fc.property(fc.array(order, { maxLength: 4 }), (orders) => {
        const fused = fuse(orders);
        expect(new Set(fused.map(({ id }) => id))).toEqual(new Set(orders.flat()));
        const scores = new Map(fused.map(({ id, score }) => [id, score]));
        for (const { id, score } of fuse([...orders].reverse()))
          expect(score).toBeCloseTo(scores.get(id) ?? 0, 12);
        const [best] = fused;
        const isFirst =
          orders.length > 0 && orders.every(([first]) => first !== undefined && first === orders[0]?.[0]);
        if (isFirst) expect(best?.id).toBe(orders[0]?.[0]);
      }),
    );
  });
});

describe('weights of the graph', () => {
  const weight = fc.double({ min: 0, max: 1, noNaN: true });
  const ms = fc.integer({ min: 0, max: 400 * dayMs });

  it('stay between nothing and one, grow with use and fade by half in a month', () => {
    expect(fade(0.8, 0, 30 * dayMs)).toBeCloseTo(0.4, 12);
    fc.assert(
      fc.property(weight, ms, ms, (was, then, now) => {
        const left = fade(was, then, now);
        const used = strengthen(was, then, now);
        expect(left).toBeGreaterThanOrEqual(0);
        expect(left).toBeLessThanOrEqual(was);
        expect(used).toBeGreaterThanOrEqual(left);
        expect(used).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('lead along the strongest way within its bounds', async () => {
    const links: Link[] = [
      { from: 'a', to: 'b', weight: 0.9 },
      { from: 'c', to: 'b', weight: 0.9 },
      { from: 'a', to: 'c', weight: 0.5 },
      { from: 'c', to: 'd', weight: 1 },
    ];
    const linksOf = async (nodes: readonly string[]) =>
      links.filter(({ from, to }) => nodes.includes(from) || nodes.includes(to));
    const way = (to: string, stepsMax: number) => findWay('a', to, { stepsMax, nodesMax: 100, linksOf });
    expect(await way('c', 3)).toEqual(['a', 'b', 'c']);
    expect(await way('c', 1)).toEqual(['a', 'c']);
    expect(await way('d', 3)).toEqual(['a', 'b', 'c', 'd']);
    expect(await way('d', 1)).toBeUndefined();
    expect(await way('a', 2)).toEqual(['a']);
    expect(await way('z', 4)).toBeUndefined();
  });

  it('find a way in any graph exactly where there is one', async () => {
    const node = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const link = fc.record({ from: node, to: node, weight: fc.double({ min: 0.1, max: 1, noNaN: true }) });
    await fc.assert(
      fc.asyncProperty(fc.array(link, { maxLength: 8 }), node, node, async (links, from, to) => {
        const linksOf = async (nodes: readonly string[]) =>
          links.filter((one) => nodes.includes(one.from) || nodes.includes(one.to));
        const way = await findWay(from, to, { stepsMax: 5, nodesMax: 100, linksOf });
        const reached = new Set([from]);
        for (let round = 0; round < 5; round += 1) {
          for (const one of links) {
            if (reached.has(one.from)) reached.add(one.to);
            if (reached.has(one.to)) reached.add(one.from);
          }
        }
        expect(way !== undefined).toBe(reached.has(to));
        for (const [at, step] of (way ?? []).slice(1).entries()) {
          const before = way?.[at];
          expect(
            links.some((l) => (l.from === before && l.to === step) || (l.to === before && l.from === step)),
          ).toBe(true);
        }
      }),
    );
  });
});
