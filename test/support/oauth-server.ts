/**
 * An authorization server and an MCP server behind it, small but real: metadata, registration, consent by redirect,
 * PKCE, rotating refresh tokens, resource indicators, and a server of the SDK that takes valid tokens only.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

export interface OAuthServerOptions {
  /** How long an access token lives. */
  readonly tokenSeconds?: number;
  /** A client that is known without registration. */
  readonly known?: { readonly id: string; readonly secret: string };
  /** What the consent page says. */
  readonly consent?: 'granted' | 'denied' | 'forged';
  /** A scope without which tools may be listed, and none may be called. */
  readonly callScope?: string;
}

export interface OAuthServer {
  readonly mcpUrl: string;
  /** What was asked, in order: `register`, `authorize`, `token authorization_code`, `token refresh_token`. */
  readonly asked: string[];
  /** Makes every access token worthless; with `grants`, refresh tokens as well. */
  revoke(what?: 'tokens' | 'grants'): void;
  /** Parameters of the last authorization request. */
  readonly lastAuthorize: URLSearchParams | undefined;
  close(): Promise<void>;
}

interface Grant {
  readonly client: string;
  readonly resource: string | null;
  readonly scope: string;
}

/** Starts both on one free port of loopback. */
export async function startOAuthServer(options: OAuthServerOptions = {}): Promise<OAuthServer> {
  const { known, tokenSeconds = 3_600 } = options;
  const asked: string[] = [];
  const clients = new Map<
    string,
    { redirectUris: readonly string[] | undefined; secret: string | undefined }
  >();
  if (known !== undefined) clients.set(known.id, { redirectUris: undefined, secret: known.secret });
  const codes = new Map<string, Grant & { readonly challenge: string; readonly redirectUri: string }>();
  const tokens = new Map<string, Grant & { readonly until: number }>();
  const refreshes = new Map<string, Grant>();
  let lastAuthorize: URLSearchParams | undefined;
  let origin = '';

  const issue = (grant: Grant): object => {
    const [token, refresh] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
    tokens.set(token, { ...grant, until: Date.now() + tokenSeconds * 1_000 });
    refreshes.set(refresh, grant);
    const { scope } = grant;
    return {
      access_token: token,
      refresh_token: refresh,
      token_type: 'Bearer',
      expires_in: tokenSeconds,
      scope,
    };
  };

  const authorize = (url: URL, res: ServerResponse): void => {
    asked.push('authorize');
    const query = url.searchParams;
    lastAuthorize = query;
    const client = clients.get(query.get('client_id') ?? '');
    const redirectUri = query.get('redirect_uri') ?? '';
    if (client === undefined || !(client.redirectUris?.includes(redirectUri) ?? true))
      return sendJson(res, 400, {});
    if (query.get('code_challenge_method') !== 'S256')
      return sendJson(res, 400, { error: 'invalid_request' });
    const back = new URL(redirectUri);
    back.searchParams.set('state', options.consent === 'forged' ? 'a-guess' : (query.get('state') ?? ''));
    back.searchParams.set('iss', origin);
    if (options.consent === 'denied') back.searchParams.set('error', 'access_denied');
    else {
      const code = randomBytes(16).toString('hex');
      const challenge = query.get('code_challenge') ?? '';
      codes.set(code, {
        client: query.get('client_id') ?? '',
        challenge,
        redirectUri,
        resource: query.get('resource'),
        scope: query.get('scope') ?? '',
      });
      back.searchParams.set('code', code);
    }
    res.writeHead(302, { location: back.href }).end();
  };

  const exchange = (form: URLSearchParams): Grant | undefined => {
    const code = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const isRight =
      code?.challenge === challenge &&
      code.redirectUri === form.get('redirect_uri') &&
      code.resource === form.get('resource');
    return isRight ? code : undefined;
  };

  const token = (form: URLSearchParams, res: ServerResponse): void => {
    asked.push(`token ${form.get('grant_type')}`);
    const client = clients.get(form.get('client_id') ?? '');
    if (client === undefined || (client.secret !== undefined && client.secret !== form.get('client_secret')))
      return sendJson(res, 401, { error: 'invalid_client' });
    const refresh = form.get('refresh_token') ?? '';
    const grant = form.get('grant_type') === 'refresh_token' ? refreshes.get(refresh) : exchange(form);
    // Each refresh token is good for one refresh.
    refreshes.delete(refresh);
    if (grant?.client !== form.get('client_id')) return sendJson(res, 400, { error: 'invalid_grant' });
    sendJson(res, 200, issue({ client: grant.client, resource: grant.resource, scope: grant.scope }));
  };

  const mcp = createMcp();
  const server = createServer((req, res) => {
    void (async () => {
      const url = new URL(req.url ?? '/', origin);
      const method = `${req.method} ${url.pathname}`;
      if (url.pathname === '/mcp') {
        const bearer = tokens.get((req.headers.authorization ?? '').replace(/^Bearer /, ''));
        if (bearer !== undefined && bearer.until > Date.now() && bearer.resource === `${origin}/mcp`) {
          const body = await readBody(req);
          const lacks = body.includes('"tools/call"') && !bearer.scope.includes(options.callScope ?? '');
          if (!lacks) return mcp.handle(req, res, body);
          const more = `Bearer error="insufficient_scope", scope="${options.callScope}"`;
          return sendJson(res.setHeader('www-authenticate', more), 403, { error: 'insufficient_scope' });
        }
        const challenge = `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`;
        res.setHeader('www-authenticate', challenge);
        return sendJson(res, 401, { error: 'invalid_token' });
      }
      if (method === 'GET /.well-known/oauth-protected-resource/mcp')
        return sendJson(res, 200, { resource: `${origin}/mcp`, authorization_servers: [origin] });
      if (method === 'GET /.well-known/oauth-authorization-server')
        return sendJson(res, 200, toMetadata(origin));
      if (method === 'GET /authorize') return authorize(url, res);
      if (method === 'POST /token') return token(new URLSearchParams(await readBody(req)), res);
      if (method !== 'POST /register') return sendJson(res, 404, {});
      asked.push('register');
      const wanted = JSON.parse(await readBody(req)) as { redirect_uris: string[] };
      const id = randomBytes(8).toString('hex');
      clients.set(id, { redirectUris: wanted.redirect_uris, secret: undefined });
      sendJson(res, 201, { ...wanted, client_id: id });
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    mcpUrl: `${origin}/mcp`,
    asked,
    get lastAuthorize() {
      return lastAuthorize;
    },
    revoke(what = 'tokens') {
      tokens.clear();
      if (what === 'grants') refreshes.clear();
    },
    async close() {
      await mcp.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

function toMetadata(origin: string): object {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_post'],
    authorization_response_iss_parameter_supported: true,
  };
}

/** A server of the 1.x line with sessions. */
function createMcp() {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const open = async (): Promise<StreamableHTTPServerTransport> => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomBytes(8).toString('hex'),
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    const server = new McpServer({ name: 'tickets', version: '1' });
    server.registerTool('greet', { description: 'Greets.' }, () => ({
      content: [{ type: 'text', text: 'hello' }],
    }));
    await server.connect(transport);
    return transport;
  };
  return {
    async handle(req: IncomingMessage, res: ServerResponse, body: string): Promise<void> {
      const id = req.headers['mcp-session-id'];
      const known = typeof id === 'string' ? sessions.get(id) : undefined;
      if (typeof id === 'string' && known === undefined) return sendJson(res, 404, {});
      const message: unknown = body === '' ? undefined : JSON.parse(body);
      await (known ?? (await open())).handleRequest(req, res, message);
    },
    close: async () => void (await Promise.all([...sessions.values()].map((one) => one.close()))),
  };
}

async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function sendJson(res: ServerResponse, status: number, value: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
