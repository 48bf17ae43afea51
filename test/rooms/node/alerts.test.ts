// The alert rules: each has its entry in the run book, and names only figures that the node tells.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const rules = read('infra/alerts.yml');
const alerts = [...rules.matchAll(/^ {6}- alert: (\w+)$/gm)].map(([, name]) => name ?? '');
const code = ['telemetry/counters', 'telemetry/metrics', 'actor-families']
  .map((name) => read(`src/node/${name}.ts`))
  .join('\n');

it('have an entry each in the run book, and the run book no other', () => {
  const book = read('infra/README.md').split('## Run book\n')[1]?.split('\n## ')[0] ?? '';
  const entries = [...book.matchAll(/^### (\w+)$/gm)].map(([, name]) => name ?? '');
  expect(alerts.length).toBeGreaterThan(10);
  expect(entries).toEqual(alerts);
  const links = [...rules.matchAll(/runbook: infra\/README\.md#(\w+)$/gm)].map(([, anchor]) => anchor);
  expect(links).toEqual(alerts.map((name) => name.toLowerCase()));
});

it('ask for figures that the node tells', () => {
  const named = new Set(rules.match(/\b(?:drey|nodejs|process)_[a-z_]+/g));
  for (const name of named) expect(code).toContain(`'${name.replace(/_bucket$/, '')}'`);
});
