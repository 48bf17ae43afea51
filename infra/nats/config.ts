/**
 * The configuration file of the embedded nats-server, as text. Pure: what is true about the machine is handed in.
 * It must never listen anywhere but on loopback.
 */

export interface NatsConfig {
  /** -1 lets the server choose one that is free. */
  readonly port: number;
  readonly token: string;
  /** Streams, log and port files; owned by the user the server runs as. */
  readonly storeDir: string;
  /** Sync each message to disk before acknowledging it (nats-server 2.10 or newer). */
  readonly syncAlways: boolean;
}

/** One message at most, with room for the largest MCP message in an envelope. */
export const messageBytesMax = 8 * 1024 * 1024;
/** What may wait for one slow client before the server cuts it off. */
const pendingBytesMax = 64 * 1024 * 1024;
const connectionsMax = 1_024;

/** The text of nats.conf. */
export function natsConfig(o: NatsConfig): string {
  const lines = [
    '# Written by Drey at each start; changes made here are lost.',
    `listen: "127.0.0.1:${o.port}"`,
    'server_name: "drey"',
    `authorization { token: ${quote(o.token)} }`,
    `max_payload: ${messageBytesMax}`,
    `max_pending: ${pendingBytesMax}`,
    `max_connections: ${connectionsMax}`,
    `ports_file_dir: ${quote(o.storeDir)}`,
    `log_file: ${quote(`${o.storeDir}/nats.log`)}`,
    'jetstream {',
    `  store_dir: ${quote(o.storeDir)}`,
    ...(o.syncAlways ? ['  sync_interval: always'] : []),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

/** Double quotes, so that a path may hold spaces, and a leading $ or a # means itself. */
function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
