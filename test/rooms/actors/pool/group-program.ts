/** A process with two resources, for the test that ends it in every way: says `up`, and what it takes down. */
import { createAnnouncer } from '../../../../src/actors/announcer.ts';
import type { Clock } from '../../../../src/actors/clock.ts';
import { createResourceGroup } from '../../../../src/actors/upstreams/resource-group.ts';
import { stopOnExit } from '../../../../src/actors/stop-on-exit.ts';
import { quietLog } from '../../../support/quiet-log.ts';

const say = (word: string): void => void process.stdout.write(`${word}\n`);
const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => new Uint8Array(16),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs).unref();
    return () => clearTimeout(timer);
  },
};
const announcer = createAnnouncer({ append() {}, clock, log: quietLog });
const group = createResourceGroup({ clock, log: quietLog, announcer });
for (const [name, after] of [
  ['a', []],
  ['b', ['a']],
] as const) {
  group.register({
    name,
    what: name,
    after,
    start: () => Promise.resolve(name),
    stop: () => Promise.resolve(say(`-${name}`)),
  });
}
stopOnExit({ stop: () => group.stop(), source: process, exit: (code) => process.exit(code), log: quietLog });
process.stdin.on('data', () => {
  throw new Error('a bug');
});
await group.start();
say('up');
