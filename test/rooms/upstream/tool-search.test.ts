/** Searching a catalogue by words. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { indexTools } from '../../../src/upstream/tool-search.ts';

const tool = (name: string, description: string, properties: Record<string, object> = {}) => ({
  name,
  server: name.split('__')[0] ?? '',
  definition: { name, description, inputSchema: { type: 'object', properties } },
});
const tools = [
  tool('github__create_issue', 'Create a new issue in a repository.', { repo: {}, title: {} }),
  tool('github__list_issues', 'List issues of a repository, with filters.', { repo: {}, state: {} }),
  tool('github__merge_pull_request', 'Merge a pull request.'),
  tool('files__readFile', 'Read the complete contents of a file.', {
    path: { description: 'where it lies' },
  }),
  tool('files__write_file', 'Create a new file or overwrite one with new content.'),
  tool('mail__send', 'Send an e-mail to somebody.', { recipient: { description: "the receiver's address" } }),
];
const index = indexTools(tools);
const find = (question: string, limit = 3) => index.find(question, limit).map(({ tool: { name } }) => name);

describe('searching tools', () => {
  it.each([
    ['create issue', 'github__create_issue'],
    ['I want to list the issues of a repo', 'github__list_issues'],
    ['read a file', 'files__readFile'],
    ['merge pull requests', 'github__merge_pull_request'],
    ['overwrite', 'files__write_file'],
    ["receiver's address", 'mail__send'],
    ['files__write_file', 'files__write_file'],
    ['repositories', 'github__list_issues'],
  ])('finds for %j first %s', (question, name) => {
    expect(question === 'repositories' ? find(question) : find(question, 1)).toContain(name);
  });

  it('finds nothing where no word is shared, and no more than was asked for', () => {
    expect(find('weather forecast')).toEqual([]);
    expect(find('')).toEqual([]);
    expect(find('file issue request', 2)).toHaveLength(2);
  });

  it('finds every tool by its own name, first', () => {
    for (const { name } of tools) expect(find(name, 1)).toEqual([name]);
  });

  it('is the same whenever it is asked, sorted, and throws for nothing', () => {
    const anyTools = fc.array(
      fc.record({
        name: fc.string(),
        server: fc.string(),
        definition: fc.dictionary(fc.string(), fc.jsonValue()),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(anyTools, fc.string(), fc.nat(10), (list, question, limit) => {
        const found = indexTools(list).find(question, limit);
        expect(indexTools(list).find(question, limit)).toEqual(found);
        expect(found.length).toBeLessThanOrEqual(limit);
        const scores = found.map(({ score }) => score);
        expect(scores).toEqual(scores.toSorted((a, b) => b - a));
        expect(scores.every((score) => Number.isFinite(score) && score > 0)).toBe(true);
      }),
    );
  });
});
