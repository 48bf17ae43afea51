// Plans an import of a text as the command line would, without files.
import { planImport, readClientFile } from '../../../src/clients/clients.ts';
import type { ClientName, Connection, ImportPlan, Place } from '../../../src/clients/clients.ts';

export const stdio: Connection = { command: 'drey', args: ['stdio'] };
export const http: Connection = { url: 'http://127.0.0.1:7333/mcp', withToken: false };

export interface Asked {
  readonly place?: Partial<Place>;
  readonly dreyText?: string;
  readonly connection?: Connection;
  readonly keep?: boolean;
  readonly except?: readonly string[];
  readonly client?: ClientName;
}

/** The client it was taken for, and the plan. */
export function plan(text: string, asked: Asked = {}): ImportPlan & { readonly client: ClientName } {
  const place: Place = { fileName: 'mcp.json', folderName: 'x', project: undefined, ...asked.place };
  const { client, content } = readClientFile(text, place, asked.client);
  const planned = planImport({
    client,
    content,
    text,
    place,
    dreyText: asked.dreyText,
    connection: asked.connection ?? stdio,
    keep: asked.keep ?? false,
    except: asked.except ?? [],
    ownName: 'drey',
  });
  return { ...planned, client: client.name };
}
