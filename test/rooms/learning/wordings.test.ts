import { describe, expect, it } from 'vitest';
import { createLearner } from '../../../src/learning/learning.ts';
import { type CallSketch, toEpisode } from './episodes.ts';

/** Trigger and wordings of the one SOP that these tasks give. */
function wordingsOf(tasks: readonly (readonly [string, readonly CallSketch[]])[]): string[] {
  const learner = createLearner({ namespace: 'acme' });
  tasks.forEach(([task, calls], n) => learner.learn(toEpisode(n, task, calls)));
  const [sop] = learner.derive().sops;
  return sop === undefined ? [] : [sop.trigger, ...sop.wordings];
}

const people = [
  ['Ada Lovelace', 'Analytical Engines', 'Remember that Ada Lovelace works at Analytical Engines'],
  ['Grace Hopper', 'Navy', 'Please remember: Grace Hopper works at Navy'],
  ['Alan Turing', 'Bletchley', 'Remember for later that Alan Turing works at Bletchley'],
] as const;

describe('wordings', () => {
  it('name no person and no place, but the arguments they went into', () => {
    const told = people.map(([name, place, task]) => {
      const entity = { name, entityType: 'person', observations: [`works at ${place}`] };
      return [task, [{ tool: 'memory__create_entities', args: { entities: [entity] } }]] as const;
    });
    expect(wordingsOf(told)).toEqual([
      'Remember that {name} works at {text}',
      'Please remember: {name} works at {text}',
      'Remember for later that {name} works at {text}',
    ]);
  });

  it('keep what all tasks of the kind say, be it an argument or not', () => {
    const told = ['Ada', 'Bob', 'Eve'].map((name) => {
      const calls = [{ tool: 'shop__orders', args: { name, status: 'open' } }];
      return [`Show the open order of customer ${name}`, calls] as const;
    });
    expect(wordingsOf(told)).toEqual(['Show the open order of customer {name}']);
  });

  it('replace a word that differs where everything around it is the same', () => {
    const told = ['sales', 'design', 'legal'].map((team) => {
      return [`Book a meeting room for the ${team} team`, [{ tool: 'cal__find_room' }]] as const;
    });
    expect(wordingsOf(told)).toEqual(['Book a meeting room for the {text} team']);
  });

  it('never show an id, a password or an address, however often it recurs', () => {
    const task = 'Log in as mario, my password is hunter2x, mail m@example.com about PEP4E0';
    const calls = [{ tool: 'login', args: { username: 'mario', password: 'hunter2x' } }];
    expect(wordingsOf([1, 2, 3].map(() => [task, calls] as const))).toEqual([
      'Log in as {username}, my password is {password}, mail {email} about {id}',
    ]);
  });

  it('name ids after the argument they went into', () => {
    const told = ['PEP4E0', 'QX81ZZ', 'ZFA04Y'].map((id) => {
      return [`Cancel reservation ${id}`, [{ tool: 'cancel', args: { reservation_id: id } }]] as const;
    });
    expect(wordingsOf(told)).toEqual(['Cancel reservation {reservation_id}']);
  });

  it('stay as they are where nothing in them is particular', () => {
    const calls = [{ tool: 'deploy', args: { target: 'staging' } }];
    expect(
      wordingsOf([1, 2, 3].map(() => ['Deploy the 30-minute build to staging', calls] as const)),
    ).toEqual(['Deploy the 30-minute build to staging']);
  });

  it('keep a value that all tasks of the kind say, however often each says it, and none that only half of them say', () => {
    const told = (texts: readonly string[]) =>
      wordingsOf(texts.map((text) => [text, [{ tool: 'deploy', args: { target: 'staging' } }]] as const));
    expect(
      told(['Deploy port 8080 to staging, 8080 only', 'Deploy port 8080 to staging now, 8080 only']),
    ).toEqual(['Deploy port 8080 to staging, 8080 only', 'Deploy port 8080 to staging now, 8080 only']);
    expect(
      told([
        'Deploy port 8080 to staging, 8080 only',
        'Deploy port 8081 to staging, 8081 only',
        'Deploy port 8080 to staging now, 8080 only',
        'Deploy port 8082 to staging now, 8082 only',
      ]).filter((text) => /\d/.test(text)),
    ).toEqual([]);
  });
});
