/**
 * Calls for every tool of the official reference servers, in an order in which each one finds what it needs. Where two
 * runs of the same server cannot agree, `differs` says why; then only the shape of the answer is compared.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface ReferenceCall {
  readonly tool: string;
  readonly args: object;
  readonly differs?: string;
}

export interface ReferenceServer {
  readonly alias: string;
  readonly package: string;
  readonly calls: readonly ReferenceCall[];
  /** Tools that ask their client something; who is asked, and how, is the business of the gateway's own tests. */
  readonly asking?: readonly string[];
  /** Words and environment of one run; `run` tells two of them apart. */
  start(run: string): { readonly args: readonly string[]; readonly env: Record<string, string> };
  /** Puts everything back as it was before the first run. */
  reset?(): Promise<void>;
}

const pixel = Buffer.from('iVBORw0KGgo=', 'base64');

// `simulate-research-query` is not among them: it can be called as a task only, and Drey lists no such tools.
const everything: readonly ReferenceCall[] = [
  { tool: 'echo', args: { message: 'Grüße \u0000 \ud83d\ude00' } },
  { tool: 'echo', args: {} },
  { tool: 'get-annotated-message', args: { messageType: 'error', includeImage: true } },
  { tool: 'get-env', args: {}, differs: 'it tells its environment, which Drey keeps small' },
  { tool: 'get-resource-links', args: { count: 3 } },
  {
    tool: 'get-resource-reference',
    args: { resourceType: 'Text', resourceId: 1 },
    differs: 'it tells the time',
  },
  { tool: 'get-structured-content', args: { location: 'Chicago' } },
  { tool: 'get-sum', args: { a: 0.1, b: 9_007_199_254_740_991 } },
  { tool: 'get-tiny-image', args: {} },
  {
    tool: 'gzip-file-as-resource',
    args: { name: 'a.gz', data: 'data:text/plain,hello', outputType: 'resource' },
  },
  { tool: 'toggle-simulated-logging', args: {} },
  { tool: 'toggle-simulated-logging', args: {} },
  { tool: 'toggle-subscriber-updates', args: {} },
  { tool: 'toggle-subscriber-updates', args: {} },
  { tool: 'trigger-long-running-operation', args: { duration: 0.1, steps: 2 } },
];

const filesystem = (folder: string): readonly ReferenceCall[] => {
  const at = (name: string): string => join(folder, 'files', name);
  return [
    { tool: 'list_allowed_directories', args: {} },
    { tool: 'create_directory', args: { path: at('deep/er') } },
    { tool: 'write_file', args: { path: at('deep/a.txt'), content: 'one\ntwo\nthree\n' } },
    {
      tool: 'edit_file',
      args: { path: at('deep/a.txt'), edits: [{ oldText: 'two', newText: '2' }], dryRun: false },
    },
    { tool: 'read_file', args: { path: at('deep/a.txt') } },
    { tool: 'read_text_file', args: { path: at('deep/a.txt'), head: 1 } },
    { tool: 'read_media_file', args: { path: at('pixel.png') } },
    { tool: 'read_multiple_files', args: { paths: [at('deep/a.txt'), at('none.txt')] } },
    { tool: 'list_directory', args: { path: at('') } },
    { tool: 'list_directory_with_sizes', args: { path: at('deep'), sortBy: 'size' } },
    { tool: 'directory_tree', args: { path: at('') } },
    { tool: 'search_files', args: { path: at(''), pattern: '**/*.txt' } },
    { tool: 'get_file_info', args: { path: at('pixel.png') }, differs: 'it tells times' },
    { tool: 'move_file', args: { source: at('deep/a.txt'), destination: at('b.txt') } },
    { tool: 'read_text_file', args: { path: '/etc/hostname' } },
    { tool: 'read_text_file', args: { path: 7 } },
  ];
};

const memory: readonly ReferenceCall[] = [
  {
    tool: 'create_entities',
    args: {
      entities: [
        { name: 'Ann', entityType: 'person', observations: ['likes tea'] },
        { name: 'Drey', entityType: 'house', observations: [] },
      ],
    },
  },
  { tool: 'create_relations', args: { relations: [{ from: 'Ann', to: 'Drey', relationType: 'lives in' }] } },
  { tool: 'add_observations', args: { observations: [{ entityName: 'Ann', contents: ['likes cake'] }] } },
  { tool: 'read_graph', args: {} },
  { tool: 'search_nodes', args: { query: 'cake' } },
  { tool: 'open_nodes', args: { names: ['Drey'] } },
  {
    tool: 'delete_observations',
    args: { deletions: [{ entityName: 'Ann', observations: ['likes tea'] }] },
  },
  {
    tool: 'delete_relations',
    args: { relations: [{ from: 'Ann', to: 'Drey', relationType: 'lives in' }] },
  },
  { tool: 'delete_entities', args: { entityNames: ['Drey'] } },
  { tool: 'read_graph', args: {} },
  { tool: 'add_observations', args: { observations: [{ entityName: 'Nobody', contents: ['x'] }] } },
];

const thinking: readonly ReferenceCall[] = [
  {
    tool: 'sequentialthinking',
    args: { thought: 'first', nextThoughtNeeded: true, thoughtNumber: 1, totalThoughts: 2 },
  },
  {
    tool: 'sequentialthinking',
    args: { thought: 'second', nextThoughtNeeded: false, thoughtNumber: 2, totalThoughts: 2 },
  },
  { tool: 'sequentialthinking', args: { thought: 'third' } },
];

/** All four, with calls for a journey in this folder. */
export function referenceServers(folder: string): readonly ReferenceServer[] {
  return [
    {
      alias: 'every',
      package: 'server-everything',
      calls: everything,
      asking: [
        'get-roots-list',
        'trigger-elicitation-request',
        'trigger-url-elicitation',
        'trigger-sampling-request',
      ],
      start: () => ({ args: [], env: {} }),
    },
    {
      alias: 'files',
      package: 'server-filesystem',
      calls: filesystem(folder),
      start: () => ({ args: [join(folder, 'files')], env: {} }),
      async reset() {
        await rm(join(folder, 'files'), { recursive: true, force: true });
        await mkdir(join(folder, 'files'));
        await writeFile(join(folder, 'files/pixel.png'), pixel);
      },
    },
    {
      alias: 'memory',
      package: 'server-memory',
      calls: memory,
      start: (run) => ({
        args: [],
        env: { MEMORY_FILE_PATH: join(folder, `memory-${run}.jsonl`) },
      }),
    },
    {
      alias: 'thinking',
      package: 'server-sequential-thinking',
      calls: thinking,
      start: () => ({ args: [], env: { DISABLE_THOUGHT_LOGGING: 'true' } }),
    },
  ];
}
