// Pure: the bounds of every HTTP server of Corral. Node's defaults keep slow clients for minutes and accept without limit.

export const httpLimits = {
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  keepAliveTimeoutMs: 5_000,
  maxConnections: 512,
  maxHeaderBytes: 8 * 1024,
  maxBodyBytes: 1024 * 1024,
} as const;
