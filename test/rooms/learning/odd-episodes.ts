/** Episodes as hostile and as odd as they come, for properties. */
import * as fc from 'fast-check';
import type { Episode } from '../../../machines/words/episodes.ts';
import { toEpisode } from './episodes.ts';

const tools = fc.constantFrom('fs__list', 'fs__read', 'mail__send', 'Bash', 'find', 'a b\nc', '__proto__');
const words = fc.constantFrom(
  'read the notes',
  'send ada@example.com the report',
  'clean /tmp/x.txt',
  'use [redacted:api_key] to log in',
  '',
  '${{constructor}} ../../etc/passwd \u0000 \ud800',
  'toString hasOwnProperty __proto__',
  'x'.repeat(5_000),
  'a/a.a-'.repeat(400),
  '読む ノート',
);
const tasks = fc.oneof(
  words,
  fc.string({ maxLength: 60 }),
  fc.tuple(words, fc.nat(9)).map(([text, n]) => `${text} ${n}`),
);
const values = fc.oneof(
  fc.constantFrom(
    '[redacted:token]',
    'Bearer [redacted:token]',
    'notes',
    'a.txt',
    7,
    true,
    null,
    NaN,
    'git push',
  ),
  fc.jsonValue({ maxDepth: 3 }),
  fc.constant('y'.repeat(3_000)),
  fc.constant({ '[redacted:key]': '[redacted:value]', constructor: { prototype: 1 } }),
);
const calls = fc.record({
  tool: tools,
  args: fc.oneof(fc.dictionary(fc.constantFrom('path', 'to', 'command', '__proto__', 'a/b'), values), values),
  result: fc.oneof(values, fc.constant('{"files":["a.txt","notes"],"id":"u-17"}'), fc.constant('{broken')),
  error: fc.boolean(),
});

/** One odd episode; `n` orders it and makes its id. */
export const oddEpisode = (n: number) =>
  fc
    .record({
      task: tasks,
      calls: fc.array(calls, { maxLength: 8 }),
      outcome: fc.constantFrom('success', 'success', 'failure', 'unknown'),
      end: fc.constantFrom('open', 'told', 'silence'),
      principal: fc.constantFrom('ada', 'grace'),
      minute: fc.nat(30),
    })
    .map(({ task, calls: made, minute, ...more }): Episode => {
      return toEpisode(minute, task, made, { ...more, episodeId: `e-${n}` });
    });

/** Up to a dozen odd episodes with different ids, some of them at the same time. */
export const episodeLists: fc.Arbitrary<Episode[]> = fc
  .integer({ min: 0, max: 12 })
  .chain((length) => fc.tuple(...Array.from({ length }, (_, n) => oddEpisode(n))))
  .map((episodes) => [...episodes]);
