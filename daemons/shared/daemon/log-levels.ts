// Pure: how much a daemon may write to its log; apart from the logger, which commands need not load.

/** From the least to the most urgent. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];
