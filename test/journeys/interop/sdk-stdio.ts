/** A program: one of the two servers over its standard streams, `old` or `new`. */
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createNewServer, createOldServer } from './sdk-servers.ts';

if (process.argv[2] === 'old') await createOldServer().connect(new StdioServerTransport());
else serveStdio(createNewServer);
