/** A program: the fixture over its standard streams, in both eras. */
import type { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createFixture } from './server.ts';

serveStdio(() => {
  const server: McpServer = createFixture({
    toolsChanged: () => server.sendToolListChanged(),
    promptsChanged: () => server.sendPromptListChanged(),
  });
  return server;
});
