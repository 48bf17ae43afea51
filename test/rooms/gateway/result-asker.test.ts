// A person's answer counts for what was asked, or not at all.
import { describe, expect, it } from 'vitest';
import { createResultAsker } from '../../../src/gateway/mcp/result-asker.ts';
import type { CallRun } from '../../../src/gateway/mcp/raw-call.ts';

const question = { method: 'elicitation/create', params: { message: 'Shall it be called?' } } as never;
const yes = '"inputResponses":{"run":{"action":"accept","content":{"approve":true}}}';

function ask(...inputs: string[]) {
  const run = { call: { meta: '{}', inputs }, era: 'modern', session: { id: 's-1' } };
  const asker = createResultAsker(run as unknown as CallRun);
  if (asker === undefined) throw new Error('a client of this era is asked by the result');
  return { answered: asker.asker.ask(question), asker };
}

describe('an answer that comes with the repeated call', () => {
  it('counts with the state that was told with the question', async () => {
    const { answered, asker } = ask(yes, '"requestState":"run 1"');
    expect(await answered).toMatchObject({ kind: 'result', result: { action: 'accept' } });
    expect(asker.round.state).toBe('run 1');
    expect(asker.toResult()).toBeUndefined();
  });

  it.each([
    ['without it', []],
    ['with one that is no text', ['"requestState":{"run":1}']],
    ['with one that is too long', [`"requestState":"${'x'.repeat(1_001)}"`]],
  ])('is asked for again %s', async (_what, state) => {
    const { answered, asker } = ask(yes, ...state);
    expect(await answered).toMatchObject({ kind: 'error' });
    expect(asker.toResult()).toContain('"input_required"');
  });
});
