/**
 * The named maximum of every queue, list, cache, retry and payload that more than one room must agree on.
 * Nothing in the house grows without one of these, or one named beside its single use.
 */
export const limits = {
  /** Redacted arguments or results kept in one event, each. */
  recordedBytesMax: 64 * 1024,
  /** One envelope on the bus (nats-server's own default is 1 MiB). */
  envelopeBytesMax: 512 * 1024,
  /** One JSON-RPC message from a client or an upstream. */
  messageBytesMax: 4 * 1024 * 1024,
  /** Nesting of JSON that a client may send. */
  messageDepthMax: 64,
  /** Keys that one object of it may have. */
  messageKeysMax: 1_000,
  /** Characters of a request's id. */
  requestIdMax: 256,
  /** MCP requests over HTTP that a node answers at a time, and bytes of their bodies; who comes on top is sent away. */
  requestsMax: 4_096,
  bodiesBytesMax: 256 * 1024 * 1024,
  /** HTTP connections of a node. */
  connectionsMax: 10_000,
  /** All header lines of one HTTP request together. */
  headerBytesMax: 32 * 1024,
  /** Milliseconds within which an HTTP request's headers, and all of it, must have arrived. */
  headersMsMax: 20_000,
  requestMsMax: 60_000,
  /** Events waiting for the bus before lag becomes an alarm; nothing is dropped. */
  lagAlarmEvents: 1_000,
  /** Live root actors on one node. */
  actorsMax: 20_000,
  /** Calls one session may have in flight. */
  sessionCallsMax: 64,
  /** Upstreams behind one node. */
  upstreamsMax: 200,
  /** Tools of one upstream. */
  upstreamToolsMax: 2_000,
  /** Prompts of one upstream, and so its resources and its resource templates. */
  upstreamOffersMax: 5_000,
  /** An exposed tool name. */
  toolNameMax: 50,
  /** The name of a tool, a server or an agent as transcripts and agents tell it, in characters. */
  toldNameMax: 190,
  /** A task, or a SOP's trigger, in characters. */
  taskTextMax: 2_000,
  /** Calls kept of one episode. */
  episodeCallsMax: 1_000,
  /** Days that a report looks back, and that what was served or held out is kept for it. */
  reportDaysMax: 400,
  /** SOPs one answer may carry. */
  sopsAnsweredMax: 50,
  /** Calls listed as evidence in one answer. */
  evidenceAnsweredMax: 50,
} as const;
