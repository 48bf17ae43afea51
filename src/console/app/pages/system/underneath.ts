/** What `/system` tells: the bus and the limits, for whoever looks after the node. */
export interface Stream {
  readonly stream: string;
  readonly messages: number;
  readonly bytes: number;
  readonly bytes_max: number | null;
  readonly kept_ms: number | null;
  readonly first_sequence: number;
  readonly last_sequence: number;
  readonly consumers: number;
}

export interface Consumer {
  readonly stream: string;
  readonly consumer: string;
  readonly pending: number;
  readonly unsettled: number;
  readonly unsettled_max: number | null;
  readonly redelivered: number;
  readonly delivered: number;
  readonly settled: number;
}

export interface Underneath {
  /** Versions; null while it is away. */
  readonly node: string;
  readonly postgres: string | null;
  /** null while it is away, and then with a reason. */
  readonly bus: {
    readonly server: string | null;
    readonly streams: readonly Stream[];
    readonly consumers: readonly Consumer[];
  } | null;
  readonly bus_reason: string | null;
  readonly limits: readonly { readonly name: string; readonly max: number }[];
  readonly rates: {
    readonly profile: string;
    readonly operations: readonly {
      readonly operation: string;
      readonly max: number;
      readonly window_ms: number;
    }[];
  };
}
