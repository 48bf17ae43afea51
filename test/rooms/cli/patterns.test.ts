/** `drey patterns` against a small node: a candidate never looks as if it were in use, and can be let through. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cli } from '../../support/run-cli.ts';
import { startSmallNode } from '../../support/small-node.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const pattern = {
  pattern_id: 'a-1',
  pattern_type: 'precondition',
  condition: { next_tool: 'shop__refund' },
  action: { call_first: 'shop__find' },
  confidence: 0.5,
  applied_count: 0,
  success_count: 0,
  effectiveness: 0,
  active: true,
  candidate: true,
  last_applied_at: null,
  metadata: {},
};

it('shows what is only a candidate as that, and approves it', async () => {
  const folder = await temporaryFolder('drey-cli');
  const node = await startSmallNode({
    routes: {
      'GET /api/v1/patterns': { patterns: [pattern, { ...pattern, pattern_id: 'a-2', candidate: false }] },
      'GET /api/v1/patterns/a-1': pattern,
      'POST /api/v1/patterns/a-1/approve': { ...pattern, candidate: false },
    },
  });
  try {
    const address = { url: node.url, pid: 4_000_000, version: '0.1.0' };
    await writeFile(join(folder.path, 'node.json'), JSON.stringify(address));
    const world = { env: { DREY_DATA: folder.path } };
    const [, waits, used] = (await cli(['patterns'], world)).out.split('\n');
    expect(waits).toContain('precondition (candidate)');
    expect(used).not.toContain('candidate');
    const shown = await cli(['patterns', 'show', 'a-1'], world);
    expect(shown.out).toMatch(/candidate[\s\S]*until it is approved: drey patterns approve a-1/);
    const approved = await cli(['patterns', 'approve', 'a-1'], world);
    expect([approved.code, approved.out]).toEqual([0, expect.stringContaining('active')]);
    expect(approved.out).not.toContain('candidate');
  } finally {
    await node.close();
    await folder.remove();
  }
});
